// Every recurrent model, one line each. The kinds of the configuration's table and this list must be the same: either without
// the other does not compile. An engine that lacks one does not compile either.
import type { ParameterEntry } from '../parameterEntry';
import { gmlp } from './gmlp';
import { lstm } from './lstm';
import { mamba } from './mamba';
import type { RecurrentCost, RecurrentFields, RecurrentModel, RecurrentRule, SequenceCount } from './recurrentModel';
import { transformer } from './transformer';

export type RecurrentKind = RecurrentFields['kind'];

export const recurrentModels = { mamba, lstm, transformer, gmlp } satisfies {
  [Kind in RecurrentKind]: RecurrentModel<{ kind: Kind }>;
};

/** The specification of each kind. */
export type RecurrentSpecs = { [Kind in RecurrentKind]: ReturnType<(typeof recurrentModels)[Kind]['toSpec']> };

/** Shape of the recurrent model that turns positions and condition into prototypes. */
export type RecurrentSpec = RecurrentSpecs[RecurrentKind];

/** Of the kind that the fields name. */
export function toRecurrentSpec(fields: RecurrentFields): RecurrentSpec {
  return recurrentModels[fields.kind].toSpec(fields);
}

/** Entries of the recurrent model, in the published order. */
export function recurrentEntries(spec: RecurrentSpec): ParameterEntry[] {
  return modelOf(spec).entries(spec);
}

/** What one forward pass takes; estimates of memory and time are both made of it. */
export function recurrentCost(spec: RecurrentSpec, sequences: SequenceCount): RecurrentCost {
  return modelOf(spec).cost(spec, sequences);
}

/** How the fields must fit together: what holds of every kind, then each kind's own rules. */
export const recurrentRules: readonly RecurrentRule[] = [
  {
    reads: ['dModel', 'kind'],
    fault({ dModel, kind }) {
      if (dModel.length <= recurrentModels[kind].mostWidths) return null;
      const able = Object.values<RecurrentModel<RecurrentSpec>>(recurrentModels).filter(model => model.mostWidths > 1);
      return `two widths are for ${able.map(model => model.kind).join(', ')} only, and the kind is ${kind}; give one width`;
    },
  },
  ...Object.values<RecurrentModel<RecurrentSpec>>(recurrentModels).flatMap(model =>
    model.rules.map((rule): RecurrentRule => ({
      reads: [...rule.reads, 'kind'],
      fault: fields => (fields.kind === model.kind ? rule.fault(fields) : null),
    })),
  ),
];

/** Each model reads its own specification only, which the index guarantees and TypeScript takes on trust (methods). */
function modelOf({ kind }: RecurrentSpec): RecurrentModel<RecurrentSpec> {
  return recurrentModels[kind];
}

// The recurrent model as the rest of a step sees it: from the shared input (positions, conditions) to prototypes of the
// wanted rows, and back. Mamba layers are chained here; the other models need every row and live in files of their own.
import { internalError } from '../../../util/rpgError';
import type { ModelSpec } from '../../../model/modelSpec';
import type { MambaSpec } from '../../../model/recurrent/mamba';
import type { RecurrentKind, RecurrentSpec, RecurrentSpecs } from '../../../model/recurrent/registry';
import { GmlpStack } from './gmlp';
import { LstmStack } from './lstm';
import { MambaLayer, unsupportedLayer, type ChosenRows, type LayerInput, type Sequences } from './mambaLayer';
import type { Parameters } from '../memory/parameters';
import type { Queue } from '../driver/queue';
import type { RowStack } from './rowStack';
import { TransformerStack } from './transformer';

export interface Recurrent {
  /** *Shapes* → (chosen rows or all b·L, dPrototype). */
  forward(): bigint;
  /** *Shapes* dOut like forward's result → dInput like the input; a shared one's position rows only if `positions`. */
  backward(dOut: bigint, dInput: bigint, positions: boolean): void;
}

/** What a recurrent model is made of: where it is queued, its weights and what it reads. `chosen` null: every row. */
interface Place {
  readonly queue: Queue;
  readonly parameters: Parameters;
  readonly spec: ModelSpec;
  readonly sequences: Sequences;
  readonly input: LayerInput;
  readonly chosen: ChosenRows | null;
}

interface CudaRecurrent<Spec> {
  /** What its kernels do not know of these sizes, by the setting's name, or null. Absent: they know all. */
  unsupported?(spec: Spec): string | null;
  create(spec: Spec, place: Place): Recurrent;
}

/** A kind this engine does not offer, and why, as `EngineDevice.refuses` says it; it runs elsewhere. */
interface Refused {
  readonly refused: string;
}

/** Every recurrent model on this engine: a new one is a line here, with its layers in a file beside this, or refused. */
const recurrentModels: { readonly [Kind in RecurrentKind]: CudaRecurrent<RecurrentSpecs[Kind]> | Refused } = {
  mamba: {
    unsupported: ({ layers }) => layers.map(unsupportedLayer).find(why => why !== null) ?? null,
    create: (spec, { queue, parameters, sequences, input, chosen }) =>
      new MambaStack(queue, parameters, spec, sequences, input, chosen),
  },
  lstm: wholeRows((spec, { queue, parameters, sequences }) => new LstmStack(queue, parameters, spec, sequences)),
  transformer: wholeRows(
    (spec, { queue, parameters, sequences }) => new TransformerStack(queue, parameters, spec, sequences),
  ),
  gmlp: wholeRows(
    (spec, { queue, parameters, sequences: { batch, length } }) =>
      new GmlpStack(queue, parameters, spec, batch * length),
  ),
};

function wholeRows<Spec>(createStack: (spec: Spec, place: Place) => RowStack): CudaRecurrent<Spec> {
  return {
    create: (recurrent, place) =>
      new WholeRows(place.queue, createStack(recurrent, place), place.spec, place.sequences, place.input, place.chosen),
  };
}

/** Why this engine does not run such a recurrent model, by the setting's name, or null. */
export function unsupportedRecurrent(recurrent: RecurrentSpec): string | null {
  const model = modelOf(recurrent);
  return 'refused' in model ? model.refused : (model.unsupported?.(recurrent) ?? null);
}

/** `chosen` null: every row, for prototypes and sampling. *Errors* internal: a model that `unsupportedRecurrent` names. */
export function createRecurrent(
  queue: Queue,
  parameters: Parameters,
  spec: ModelSpec,
  sequences: Sequences,
  input: LayerInput,
  chosen: ChosenRows | null,
): Recurrent {
  const model = modelOf(spec.recurrent);
  if ('refused' in model) throw internalError('recurrent-refused', model.refused);
  return model.create(spec.recurrent, { queue, parameters, spec, sequences, input, chosen });
}

/** The table pairs every kind with its own specification, which TypeScript takes on trust (methods). */
function modelOf({ kind }: RecurrentSpec): CudaRecurrent<RecurrentSpec> | Refused {
  return recurrentModels[kind];
}

/** Mamba-2 layers in sequence: the first reads the input, the last writes only the chosen rows. */
class MambaStack implements Recurrent {
  #layers: MambaLayer[] = [];

  constructor(
    readonly queue: Queue,
    readonly parameters: Parameters,
    readonly spec: MambaSpec,
    readonly sequences: Sequences,
    readonly input: LayerInput,
    readonly chosen: ChosenRows | null,
  ) {}

  forward(): bigint {
    const { queue, parameters, spec, sequences, chosen } = this;
    let { x } = this.input;
    this.#layers = [];
    spec.layers.forEach((layer, n) => {
      const isLast = n === spec.layers.length - 1;
      const input = n === 0 ? this.input : ({ kind: 'full', x } as const);
      const prefix = `model.mamba_forward.${n}`;
      const made = new MambaLayer(queue, parameters, prefix, layer, sequences, input, isLast ? chosen : null);
      x = made.forward();
      this.#layers.push(made);
    });
    return x;
  }

  backward(dOut: bigint, dInput: bigint, positions: boolean): void {
    const { queue, sequences } = this;
    const rows = sequences.batch * sequences.length;
    let gradient = dOut;
    for (const [n, layer] of [...this.#layers.entries()].reverse()) {
      const dBefore = n === 0 ? dInput : queue.take('gradients of layer inputs', rows * layer.spec.dModel);
      layer.backward(gradient, dBefore, positions);
      gradient = dBefore;
    }
  }
}

/** Any model that needs every row: a shared input is spread, the chosen rows are gathered at the end. */
class WholeRows implements Recurrent {
  constructor(
    readonly queue: Queue,
    readonly stack: RowStack,
    readonly spec: ModelSpec,
    readonly sequences: Sequences,
    readonly input: LayerInput,
    readonly chosen: ChosenRows | null,
  ) {}

  forward(): bigint {
    const { queue, spec, chosen } = this;
    const out = this.stack.forward(this.#everyRow());
    if (!chosen) return out;
    const picked = queue.take('chosen outputs', chosen.count * spec.dPrototype);
    const values = chosen.count * spec.dPrototype;
    queue.each('gatherRows', values, [out, chosen.pointer, picked, BigInt(values), spec.dPrototype]);
    return picked;
  }

  backward(dOut: bigint, dInput: bigint, positions: boolean): void {
    const { queue, spec, sequences, chosen } = this;
    const { batch, length, gate } = sequences;
    const rows = batch * length;
    let gradient = dOut;
    if (chosen) {
      gradient = queue.take('gradients of outputs', rows * spec.dPrototype);
      queue.clear(gradient, queue.bytes(rows * spec.dPrototype));
      const values = chosen.count * spec.dPrototype;
      queue.each('scatterRows', values, [dOut, chosen.pointer, gradient, BigInt(values), spec.dPrototype, 0]);
    }
    const dx = this.stack.backward(gradient);
    if (this.input.kind === 'full') {
      queue.copy(dInput, dx, queue.bytes(rows * spec.dModel));
      return;
    }
    const first = positions ? 0 : length;
    const grid = [Math.ceil(spec.dModel / 256), length + batch - first] as const;
    const width = BigInt(spec.dModel);
    queue.launch(
      'reduceShared',
      grid,
      [128],
      [...[dx, width, dInput, width, { ints: [length, gate, 1] }, batch, spec.dModel, first]],
    );
  }

  #everyRow(): bigint {
    const { queue, spec, sequences, input } = this;
    if (input.kind === 'full') return input.x;
    const { batch, length, gate } = sequences;
    const count = batch * length * spec.dModel;
    const x = queue.take('inputs', count);
    queue.each('spreadInput', count, [input.x, x, length, gate, batch, spec.dModel]);
    return x;
  }
}

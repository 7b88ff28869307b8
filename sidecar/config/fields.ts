// The field table of protocol/runConfig.ts seen as a flat list of dotted paths. What a field accepts, in code and in words.
import { runConfigFields, type Field } from '../../protocol/runConfig';

export type AnyField = Field<unknown>;

/** Every field by its dotted path (`training.batchSize`), in the table's order. */
export const fieldsByPath: ReadonlyMap<string, AnyField> = new Map(flatten(runConfigFields, ''));

/** Names of the groups (`tokens`, `training`, …). */
export const groupNames: ReadonlySet<string> = new Set(
  [...fieldsByPath.keys()].filter(path => path.includes('.')).map(path => path.split('.')[0]!),
);

/** A table entry is a field when it has a kind; a group has only fields. */
export function isField(entry: object): entry is AnyField {
  return 'kind' in entry && typeof entry.kind === 'string';
}

/** What is wrong with a value, as the end of the sentence "VALUE …", or null. */
export function faultOf(field: AnyField, value: unknown): string | null {
  if (value === null) return field.nullable ? null : 'is not allowed';
  switch (field.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? null : 'is not true or false';
    case 'text':
      return typeof value === 'string' ? null : 'is not a text';
    case 'choice':
      return typeof value === 'string' && field.values!.includes(value) ? null : 'is not one of the choices';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? rangeFault(field, value) : 'is not a number';
    case 'integer':
      return Number.isInteger(value) ? rangeFault(field, value as number) : 'is not a whole number';
    case 'integers':
      return integersFault(field, value);
    default:
      return field.kind satisfies never;
  }
}

/** The allowed values in words: `a whole number from 1 to 4096`. */
export function allowedWords(field: AnyField): string {
  const range = rangeWords(field);
  const words = {
    boolean: 'true or false',
    text: 'a text',
    choice: `one of ${(field.values ?? []).join(', ')}`,
    number: `a number${range}`,
    integer: `a whole number${range}`,
    integers: `a list of ${countWords(field)}whole numbers${range}`,
  }[field.kind];
  return field.nullable ? `${words}, or null` : words;
}

/**
 * The value of a setting `path=text`: numbers, `true`, `null` and lists (`1,16,1` or `[1,16,1]`) become what the field holds;
 * a text that does not fit stays a text, so that validation shows what was typed.
 */
export function parseFieldText(field: AnyField, text: string): unknown {
  const trimmed = text.trim();
  if (field.kind === 'text' || field.kind === 'choice') return text;
  if (field.kind === 'integers' && !trimmed.startsWith('[')) {
    return trimmed === '' ? [] : trimmed.split(',').map(part => toNumber(part.trim()));
  }
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return toNumber(trimmed);
  }
}

/** A number where the text is one in full (`1e-3`, `.5`); else the text itself. */
function toNumber(text: string): number | string {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) ? value : text;
}

function integersFault(field: AnyField, value: unknown): string | null {
  if (!Array.isArray(value) || !value.every(entry => Number.isInteger(entry))) return 'is not a list of whole numbers';
  const entries = value as number[];
  if (entries.length < (field.minItems ?? 0)) return 'has too few entries';
  if (entries.length > (field.maxItems ?? Infinity)) return 'has too many entries';
  for (const entry of entries) {
    const fault = rangeFault(field, entry);
    if (fault) return `has an entry that ${fault}`;
  }
  return null;
}

function rangeFault({ min, max, above, below }: AnyField, value: number): string | null {
  if ((min !== undefined && value < min) || (above !== undefined && value <= above)) return 'is too small';
  if ((max !== undefined && value > max) || (below !== undefined && value >= below)) return 'is too large';
  return null;
}

function rangeWords({ min, max, above, below }: AnyField): string {
  const low = above !== undefined ? ` above ${above}` : min !== undefined ? ` from ${min}` : '';
  const high = below !== undefined ? ` below ${below}` : max !== undefined ? ` to ${max}` : '';
  return low !== '' && high !== '' && above !== undefined
    ? `${low} and${below !== undefined ? '' : ' up'}${high}`
    : low + high;
}

function countWords({ minItems, maxItems }: AnyField): string {
  return minItems === undefined ? '' : `${minItems} to ${maxItems ?? 'any number of'} `;
}

function* flatten(table: object, prefix: string): Generator<[string, AnyField]> {
  for (const [key, entry] of Object.entries(table) as [string, object][]) {
    if (isField(entry)) yield [prefix + key, entry];
    else yield* flatten(entry, `${prefix}${key}.`);
  }
}

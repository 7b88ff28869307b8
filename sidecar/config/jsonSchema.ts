// The JSON schema of `*.rpg.json`, derived from the field table, for completion and hovers in the editor. It checks each
// field by itself; how fields fit together is resolveConfig's.
import { runConfigFields } from '../../protocol/runConfig';
import { allowedWords, isField, type AnyField } from './fields';
import type { Preset } from './presets';

/** A draft-07 schema, which is what VS Code understands best. Of methods, the first is the one that is used where none is named. */
export function runConfigSchema(
  presets: readonly Preset[],
  methods: readonly { readonly id: string; readonly title: string }[],
): Record<string, unknown> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'RPG run configuration',
    description: 'What a training run does. Fields that are left out come from the preset, or keep their default.',
    ...objectSchema(runConfigFields, {
      $schema: { type: 'string' },
      preset: {
        description: 'Values to start from',
        enum: presets.map(({ name }) => name),
        enumDescriptions: presets.map(({ title }) => title),
      },
      method: {
        description: 'How to learn',
        default: methods[0]?.id,
        enum: methods.map(({ id }) => id),
        enumDescriptions: methods.map(({ title }) => title),
      },
    }),
  };
}

function objectSchema(table: object, first: Record<string, unknown> = {}): Record<string, unknown> {
  const properties = (Object.entries(table) as [string, object][]).map(([key, entry]) => [
    key,
    isField(entry) ? fieldSchema(entry) : objectSchema(entry),
  ]);
  return {
    type: 'object',
    additionalProperties: false,
    properties: { ...first, ...(Object.fromEntries(properties) as Record<string, unknown>) },
  };
}

function fieldSchema(field: AnyField): Record<string, unknown> {
  const unit = field.unit === undefined ? '' : ` [${field.unit}]`;
  const common = { description: `${field.doc}${unit}. ${sentence(allowedWords(field))}`, default: field.default };
  if (field.kind === 'choice') return { ...common, enum: [...field.values!, ...(field.nullable ? [null] : [])] };
  if (field.kind === 'integers') {
    return {
      ...common,
      type: field.nullable ? ['array', 'null'] : 'array',
      items: { type: 'integer', ...rangeSchema(field) },
      ...(field.minItems !== undefined && { minItems: field.minItems }),
      ...(field.maxItems !== undefined && { maxItems: field.maxItems }),
    };
  }
  const type = field.kind === 'text' ? 'string' : field.kind;
  return { ...common, type: field.nullable ? [type, 'null'] : type, ...rangeSchema(field) };
}

function rangeSchema({ min, max, above, below }: AnyField): Record<string, number> {
  return {
    ...(min !== undefined && { minimum: min }),
    ...(max !== undefined && { maximum: max }),
    ...(above !== undefined && { exclusiveMinimum: above }),
    ...(below !== undefined && { exclusiveMaximum: below }),
  };
}

function sentence(words: string): string {
  return `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}

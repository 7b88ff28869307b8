// First half of reading a configuration: preset, file and settings laid over the defaults, each value checked by itself.
// It never throws over a bad value: the problems are collected, and the field keeps its default so that the rest can be
// checked too.
import type { ConfigProblem } from '../../protocol/runRecords';
import { runConfigFields, type RunConfig } from '../../protocol/runConfig';
import { closest } from '../util/closest';
import { allowedWords, faultOf, fieldsByPath, groupNames, isField, parseFieldText } from './fields';
import type { Preset } from './presets';
import { shown } from './problems';

/** Where values come from; later ones win: preset, file, settings. */
export interface ConfigSources {
  /** Wins over the preset the file names. */
  preset?: string;
  /** The parsed content of a `*.rpg.json`, and how messages name it. */
  file?: { name: string; content: unknown };
  /** `path=value`. */
  settings?: readonly string[];
  /** Values given by the front door itself, such as the dataset; they win over everything. */
  overrides?: ReadonlyMap<string, unknown>;
}

export interface ConfigDraft {
  config: RunConfig;
  /** Id of the method; undefined where nobody names one. It is of the run and not of its values; who knows the methods checks it. */
  method: string | undefined;
  problems: ConfigProblem[];
  /** Which source gave each field that is not at its default. */
  givenBy: Map<string, string>;
  /** Paths with a problem; what depends on them is not checked. */
  faulty: Set<string>;
}

/** Sources of values that stand in no file, in words for terminal and editor. */
const asked = 'as asked';
const settingSource = 'setting';

/** Lays the sources over the defaults. Never throws. */
export function draftConfig(sources: ConfigSources, presets: readonly Preset[]): ConfigDraft {
  const draft: ConfigDraft = {
    config: defaultConfig(),
    method: undefined,
    problems: [],
    givenBy: new Map(),
    faulty: new Set(),
  };
  const content = sources.file?.content;
  const inFile = isObject(content) ? content : null;
  const presetName = sources.preset ?? inFile?.preset;
  if (presetName !== undefined) applyPreset(draft, presetName, sources, presets);
  if (sources.file) {
    if (inFile) applyObject(draft, inFile, '', sources.file.name);
    else addProblem(draft, '', sources.file.name, `${shown(content)} is not an object; write { "preset": "demo", … }`);
  }
  for (const setting of sources.settings ?? []) applySetting(draft, setting);
  for (const [path, value] of sources.overrides ?? []) applyValue(draft, path, value, asked);
  return draft;
}

/** A fresh copy of the table's defaults. */
export function defaultConfig(): RunConfig {
  const copy = (table: object): unknown =>
    Object.fromEntries(
      (Object.entries(table) as [string, object][]).map(([key, entry]) => [
        key,
        isField(entry) ? structuredClone(entry.default) : copy(entry),
      ]),
    );
  return copy(runConfigFields) as RunConfig; // the table's own shape, with each field replaced by its default
}

/** Reads a field by its dotted path. */
export function valueAt(config: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

/** Records a problem; the checks that read this path are then left out. */
export function addProblem(draft: ConfigDraft, path: string, source: string, message: string): void {
  draft.problems.push({ path: path || '(whole file)', source, message });
  draft.faulty.add(path);
}

function applyPreset(draft: ConfigDraft, name: unknown, sources: ConfigSources, presets: readonly Preset[]): void {
  const source = sources.preset === undefined ? sources.file!.name : asked;
  const preset = presets.find(candidate => candidate.name === name);
  if (preset) {
    applyObject(draft, preset.values, '', `preset ${preset.name}`);
    return;
  }
  const names = presets.map(candidate => candidate.name);
  const near = typeof name === 'string' ? closest(name, names) : null;
  const hint = near === null ? `the presets are ${names.join(', ')}` : `did you mean ${near}?`;
  addProblem(draft, 'preset', source, `${shown(name)} is not a preset; ${hint}`);
}

function applyObject(draft: ConfigDraft, values: object, prefix: string, source: string): void {
  for (const [key, value] of Object.entries(values) as [string, unknown][]) {
    const path = prefix + key;
    if (prefix === '' && (key === 'preset' || key === '$schema')) continue;
    if (path === 'method' && value !== undefined) applyMethod(draft, value, source);
    else if (key.includes('.')) {
      addProblem(draft, path, source, 'groups are objects in a file; write { "training": { "steps": 500 } }');
    } else if (groupNames.has(path)) {
      if (isObject(value)) applyObject(draft, value, `${path}.`, source);
      else addProblem(draft, path, source, `${shown(value)} is not an object; write { "${firstFieldOf(path)}": … }`);
    } else if (value !== undefined) {
      applyValue(draft, path, value, source);
    }
  }
}

function applySetting(draft: ConfigDraft, setting: string): void {
  const equals = setting.indexOf('=');
  if (equals <= 0) {
    addProblem(
      draft,
      setting,
      settingSource,
      `${shown(setting)} has no value; write path=value, such as training.steps=500`,
    );
    return;
  }
  const path = setting.slice(0, equals).trim();
  const text = setting.slice(equals + 1);
  const field = fieldsByPath.get(path);
  if (path === 'preset')
    addProblem(draft, path, settingSource, 'a preset is not a value of the configuration; choose it as the preset');
  else if (path === 'method') applyMethod(draft, text.trim(), settingSource);
  else applyValue(draft, path, field ? parseFieldText(field, text) : text, settingSource);
}

function applyMethod(draft: ConfigDraft, id: unknown, source: string): void {
  draft.givenBy.set('method', source);
  if (typeof id === 'string') draft.method = id;
  else addProblem(draft, 'method', source, `${shown(id)} is not a text; give the id of a method`);
}

function applyValue(draft: ConfigDraft, path: string, value: unknown, source: string): void {
  const field = fieldsByPath.get(path);
  if (!field) {
    addProblem(draft, path, source, `there is no such field${didYouMean(path)}`);
    return;
  }
  const fault = faultOf(field, value);
  if (fault !== null) {
    const near = field.kind === 'choice' && typeof value === 'string' ? closest(value, field.values ?? []) : null;
    const hint = near === null ? '' : ` (did you mean ${near}?)`;
    addProblem(draft, path, source, `${shown(value)} ${fault}; give ${allowedWords(field)}${hint}`);
    return;
  }
  const keys = path.split('.');
  const group = keys.length === 1 ? draft.config : valueAt(draft.config, keys[0]!);
  (group as Record<string, unknown>)[keys.at(-1)!] = structuredClone(value);
  draft.givenBy.set(path, source);
}

/** A misspelt path is compared as a whole; one that lacks its group (`batchSize`) by its last part. */
function didYouMean(path: string): string {
  const last = lastPart(path);
  const sameField = [...fieldsByPath.keys()].find(known => lastPart(known) === last);
  const near = sameField ?? closest(path, fieldsByPath.keys()) ?? closestLastPart(last);
  return near === null ? `; the groups are ${[...groupNames].join(', ')}` : `; did you mean ${near}?`;
}

function closestLastPart(word: string): string | null {
  const paths = [...fieldsByPath.keys()];
  const near = closest(word, paths.map(lastPart));
  return near === null ? null : (paths.find(path => lastPart(path) === near) ?? null);
}

function firstFieldOf(group: string): string {
  return [...fieldsByPath.keys()].find(path => path.startsWith(`${group}.`))!.slice(group.length + 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

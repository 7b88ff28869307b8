// A training request's words → a complete configuration: file, preset, settings, dataset and device brought together.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import type { TrainParams } from '../../../protocol/training';
import { addProblem, draftConfig, type ConfigDraft, type ConfigSources } from '../../config/draftConfig';
import { presets } from '../../config/presets';
import { configNotJson, shown } from '../../config/problems';
import { completeConfig, type EngineFacts } from '../../config/resolveConfig';
import type { Cut, DatasetModel, Method } from '../../methods/method';
import { findMethod, methodIds } from '../../methods/registry';
import { fileError, RpgError } from '../../util/rpgError';
import { datasetFacts, openDataset, type OpenedDataset, type OpenOptions } from './openDataset';

/** A complete configuration with what its method makes of it and the dataset. */
export interface ReadConfig {
  config: ResolvedRunConfig;
  method: Method;
  cut: Cut;
  model: DatasetModel;
  dataset: OpenedDataset;
}

/** *Errors* `config-invalid` with all problems, the dataset's among them; `config-not-json`; `file-system`. */
export async function readConfig(
  params: TrainParams,
  workspace: string,
  engine: EngineFacts,
  options: OpenOptions,
): Promise<ReadConfig> {
  const draft = draftConfig(configSources(params), presets);
  const method = methodOfDraft(draft);
  const opened = await openConfigured(draft, params, workspace, options);
  if (opened === null || opened instanceof RpgError) {
    const source = draft.givenBy.get('dataset') ?? 'default';
    const problems = opened === null ? [] : [{ path: 'dataset', source, message: opened.message }];
    // The dataset alone: its own error says more than a list of one.
    if (opened !== null && draft.problems.length === 0) throw opened;
    completeConfig(draft, { dataset: { problems }, engine });
    throw opened ?? new Error('a configuration without a dataset was accepted');
  }
  return completeFor(draft, method, opened, engine);
}

/** *Errors* `config-invalid` with all problems, such as that there is no such method. */
export function completeFor(
  draft: ConfigDraft,
  method: Method | null,
  dataset: OpenedDataset,
  engine: EngineFacts,
): ReadConfig {
  const facts = method ? datasetFacts(dataset, method) : { problems: [] };
  const { config, cut } = completeConfig(draft, { dataset: facts, engine });
  // Without a method it was refused.
  return { config, method: method!, cut, model: cut.model(config, dataset.measured.files.length), dataset };
}

/** Null, with a problem in the draft, where there is none of that name. */
export function methodOfDraft(draft: ConfigDraft): Method | null {
  if (draft.faulty.has('method')) return null;
  const method = findMethod(draft.method);
  if (method) return method;
  const source = draft.givenBy.get('method')!;
  addProblem(draft, 'method', source, `${shown(draft.method)} is not a method; there are: ${methodIds()}`);
  return null;
}

/** Null: none is named. An error that the person can mend is returned, to be told with the others. */
async function openConfigured(
  draft: ConfigDraft,
  params: TrainParams,
  workspace: string,
  options: OpenOptions,
): Promise<OpenedDataset | RpgError | null> {
  const reference = draft.config.dataset;
  if (reference === '') return null;
  const fromFile = params.configFile !== undefined && draft.givenBy.get('dataset') === path.basename(params.configFile);
  try {
    // A relative folder in a file is relative to the file.
    const base = fromFile ? path.dirname(path.resolve(params.configFile!)) : undefined;
    return await openDataset(workspace, reference, options, base);
  } catch (error) {
    if (error instanceof RpgError && error.blame === 'user') return error;
    throw error;
  }
}

function configSources(params: TrainParams): ConfigSources {
  const overrides = new Map<string, unknown>();
  if (params.dataset !== undefined) overrides.set('dataset', params.dataset);
  const { preset, settings } = params;
  if (params.configFile !== undefined) {
    const content = readJson(params.configFile);
    return { preset, settings, overrides, file: { name: path.basename(params.configFile), content } };
  }
  const file = params.config && { name: 'configuration', content: params.config };
  return { preset, settings, overrides, file };
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError(file, 'read the configuration', error);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw configNotJson(file, text, error);
  }
}

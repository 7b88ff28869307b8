// RPG: Train — a dataset, a preset with what it takes in sight, and the run begins. A configuration file instead of a preset
// for those who want to say more; the configuration of another run where its weights are begun with.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { runDetails } from '../../protocol/runs';
import {
  type EstimateResult,
  estimateTraining,
  train,
  type TrainingEstimate,
  type TrainParams,
} from '../../protocol/training';
import type { PartialRunConfig } from '../../protocol/runConfig';
import { readSettings } from '../settings';
import { SidecarError } from '../sidecarError';
import { about, formatBytes, formatMany, plural } from '../../shared/words';
import { askDataset, choose, missingFolder, type Choice } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { newConfiguration } from './newConfiguration';
import { trainAndTell } from './training';

export const trainCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const { device, workers } = readSettings();
    const how = {
      workers,
      ...device,
      init: text(given.init),
      acceptChanged: given.acceptChanged === true,
      force: given.force === true,
    };
    const configFile = argument instanceof vscode.Uri ? argument.fsPath : text(given.configFile);
    if (configFile !== undefined) return start(context, path.basename(configFile), { configFile, ...how });
    const dataset = await askDataset(context, 'Train', text(given.dataset), missingFolder);
    if (!dataset) return undefined;
    const config = configGiven(given.config);
    if (config) return start(context, dataset.name, { dataset: dataset.name, config, ...how });
    const preset = text(given.preset) ?? (await askPreset(context, dataset.name, text(given.like)));
    if (preset === undefined) return undefined;
    if (preset.startsWith('run:')) {
      const config = await configOf(context, preset.slice(4));
      return start(context, dataset.name, { dataset: dataset.name, config, ...how });
    }
    if (preset.startsWith('file:')) return start(context, dataset.name, { configFile: preset.slice(5), ...how });
    if (preset.startsWith('new:')) return newConfiguration(context, dataset.name, preset.slice(4));
    const settings = Array.isArray(given.settings)
      ? given.settings.filter(item => typeof item === 'string')
      : undefined;
    return start(context, dataset.name, { dataset: dataset.name, preset, settings, ...how });
  },
};

async function start(context: CommandContext, what: string, params: TrainParams): Promise<unknown> {
  const { configFile } = params;
  // What is seen in the editor is what is trained. Saved whether or not it is said to be dirty, which is told a little later.
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === configFile);
  // A save of the editor's own, at the same moment, makes the first one fail.
  if (open && !(await open.save()) && !(await open.save()))
    throw new SidecarError('not-saved', 'user', `${path.basename(open.fileName)} cannot be saved; save it, then train`);
  return trainAndTell(context, `Training ${what}`, train, { ...params });
}

/** As an attempt had it; the sidecar looks at every value. */
const configGiven = (given: unknown): PartialRunConfig | null => (typeof given === 'object' && given ? given : null);

/** What a run was trained with, for another dataset. */
async function configOf({ client }: CommandContext, run: string): Promise<PartialRunConfig> {
  const { config } = await client.call(runDetails, { run });
  if (!config) throw new SidecarError('run-blocked', 'user', `${run}: its record cannot be read`);
  const { name, dataset, ...rest } = config;
  return rest;
}

/**
 * Presets in the order of what fits; the cost of each beside it. `file:` and `new:` lead to configuration files, `run:` to what
 * the run `like` was trained with.
 */
async function askPreset(context: CommandContext, dataset: string, like?: string): Promise<string | undefined> {
  let basis = '';
  const presets = async (): Promise<Choice<string>[]> => {
    const { device } = readSettings();
    const files = await vscode.workspace.findFiles('**/*.rpg.json', '**/{node_modules,.rpg}/**', 50);
    const configFiles = files.map(file => file.fsPath);
    const [{ presets: known }, estimate] = await Promise.all([
      context.client.capabilities(),
      context.client.call(estimateTraining, { dataset, configFiles, ...device }, { onProgress: () => {} }),
    ]);
    basis = `Costs are estimates: ${estimate.basis}`;
    const offers = known.map(({ name, title }) =>
      offer({ label: `$(beaker) ${name}`, detail: title, of: name, value: name }, estimate),
    );
    const ofFiles = files.map(file =>
      offer(
        {
          label: `$(file-code) ${path.basename(file.fsPath)}`,
          detail: vscode.workspace.asRelativePath(file),
          of: file.fsPath,
          value: `file:${file.fsPath}`,
        },
        estimate,
      ),
    );
    const same: Choice<string> = {
      label: `$(history) As ${like}`,
      detail: 'the configuration that its weights were trained with',
      value: `run:${like}`,
      reason: null,
    };
    return [
      ...(like === undefined ? [] : [same]),
      ...offers.filter(({ reason }) => reason === null),
      {
        label: '$(edit) New configuration file…',
        description: 'choose every value, with completion',
        value: 'new:demo',
        reason: null,
      },
      ...ofFiles,
      ...offers.filter(({ reason }) => reason !== null),
    ];
  };
  return choose(`Train on ${dataset}`, 'Measuring the dataset and the device…', presets(), () => basis);
}

interface Offer {
  readonly label: string;
  readonly detail: string;
  /** As the estimate names it. */
  readonly of: string;
  readonly value: string;
}

function offer({ label, detail, of, value }: Offer, result: EstimateResult): Choice<string> {
  const estimate = result.estimates.find(each => each.of === of);
  const description = estimate?.problem === null ? costOf(estimate) : '';
  return { label, description, detail, value, reason: estimate === undefined ? null : reasonAgainst(estimate, result) };
}

function costOf({ durationMs, memoryBytes, nParameters, steps }: TrainingEstimate): string {
  const time = durationMs === null ? 'time unknown' : about(durationMs);
  return `${time} · ${formatBytes(memoryBytes)} of memory · ${plural(steps, 'step')} · ${formatMany(nParameters)} parameters`;
}

function reasonAgainst(
  { problem, isFitting, memoryBytes }: TrainingEstimate,
  { freeBytes, title }: EstimateResult,
): string | null {
  if (problem !== null)
    return problem
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '')
      .join('; ');
  return isFitting ? null : `needs ${formatBytes(memoryBytes)} of memory; ${title} has ${formatBytes(freeBytes)} free`;
}

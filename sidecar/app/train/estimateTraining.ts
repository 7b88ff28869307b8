// What every preset would take on a dataset, and every configuration file on its own, so that a person chooses with the cost in sight.
import type { EstimateParams, EstimateResult, TrainingEstimate } from '../../../protocol/training';
import { draftConfig } from '../../config/draftConfig';
import { presets, type Preset } from '../../config/presets';
import { completeConfig, type EngineFacts } from '../../config/resolveConfig';
import { toModelSpec } from '../../config/toModelSpec';
import { readEvents } from '../../runs/eventLog';
import { findRun, listRuns, readRun } from '../../runs/runStore';
import { stepOperations, type Speed } from '../../methods/rpg/timeEstimate';
import { RpgError } from '../../util/rpgError';
import { atOnce, type OperationContext } from '../context';
import { estimateRun } from './estimateRun';
import { chooseDevice, defaultWorkers, engineFacts, type ChosenDevice } from './chooseDevice';
import { methodOf } from '../../methods/registry';
import { deviceMemoryBytes } from './memoryCheck';
import { datasetFacts, openDataset, type OpenedDataset } from './openDataset';
import { readConfig, type ReadConfig } from './readConfig';

/** *Errors* those of opening the dataset and the device. A preset that does not fit the dataset has its problem. */
export async function estimateTraining(params: EstimateParams, context: OperationContext): Promise<EstimateResult> {
  const chosen = await chooseDevice(params);
  const dataset = await openDataset(context.workspace, params.dataset, {
    acceptChanged: true,
    onProgress: (fraction, message) => context.report({ fraction, message: `measuring ${message}` }),
    signal: context.signal,
  });
  const speed = (await speedOfRuns(context.workspace, chosen)) ?? (await timedSpeed(params, dataset, chosen, context));
  const freeBytes = deviceMemoryBytes(chosen.device, chosen.probe.memoryBytes);
  const { engine, device, title } = chosen.device;
  const facts: Basis = { chosen, freeBytes, speed };
  return {
    engine,
    device,
    title,
    freeBytes,
    basis: speed?.basis ?? 'the speed of this device is not known yet',
    estimates: await Promise.all([
      ...presets.map(preset => estimatePreset(preset, dataset, facts)),
      ...(params.configFiles ?? []).map(file => estimateFile(file, facts, context)),
    ]),
  };
}

interface Basis {
  readonly chosen: ChosenDevice;
  readonly freeBytes: number;
  readonly speed: Speed | null;
}

const estimatePreset = (preset: Preset, dataset: OpenedDataset, basis: Basis): Promise<TrainingEstimate> =>
  estimateOne(preset.name, basis, async engine => {
    const draft = draftConfig({ preset: preset.name, overrides: new Map([['dataset', dataset.name]]) }, presets);
    return { ...completeConfig(draft, { dataset: datasetFacts(dataset), engine }), dataset };
  });

const estimateFile = (configFile: string, basis: Basis, context: OperationContext): Promise<TrainingEstimate> =>
  estimateOne(configFile, basis, engine =>
    readConfig({ configFile }, context.workspace, engine, {
      acceptChanged: true,
      onProgress: () => {},
      signal: context.signal,
    }),
  );

/** What the person can mend is the estimate's problem. */
async function estimateOne(
  of: string,
  { chosen: { device }, freeBytes, speed }: Basis,
  read: (engine: EngineFacts) => Promise<ReadConfig>,
): Promise<TrainingEstimate> {
  const nothing = { nTokens: 0, nParameters: 0, steps: 0, memoryBytes: 0, isFitting: false, durationMs: null };
  try {
    const { config, nTokens, dataset } = await read(engineFacts(device));
    const spec = toModelSpec(config, { nCheckpoints: dataset.measured.files.length, nTokens });
    const workers = defaultWorkers(device, config.training.batchSize);
    const { structure, files } = dataset.measured;
    const plan = await methodOf({}).plan({ config, structure, nCheckpoints: files.length, device, workers });
    const { nParameters, totalBytes } = plan.estimate;
    const { steps } = config.training;
    return {
      of,
      problem: null,
      nTokens,
      nParameters,
      steps,
      memoryBytes: totalBytes,
      isFitting: totalBytes <= freeBytes,
      durationMs: speed && (1000 * steps * stepOperations(spec)) / speed.operationsPerSecond,
    };
  } catch (error) {
    if (!(error instanceof RpgError) || error.blame !== 'user') throw error;
    return { of, problem: error.message, ...nothing };
  }
}

/** The speed of the newest run on this device that wrote one down. */
async function speedOfRuns(workspace: string, { device }: ChosenDevice): Promise<Speed | null> {
  const runs = (await listRuns(workspace)).filter(
    run => run.engine === device.engine && run.device === device.device && run.status !== 'unreadable',
  );
  for (const { id } of runs.reverse().slice(0, 5)) {
    try {
      const folder = await findRun(workspace, id);
      const record = await readRun(folder);
      const stepsPerSecond = readEvents(folder, 'snapshot').findLast(event => event.stepsPerSecond)?.stepsPerSecond;
      if (!stepsPerSecond) continue;
      const operations = stepOperations(toModelSpec(record.config, record.dataset));
      return { operationsPerSecond: operations * stepsPerSecond, basis: `speed of run ${id} on this device` };
    } catch {
      // a run that is half deleted tells nothing; the next one may
    }
  }
  return null;
}

/** A device's speed does not change while the program runs. */
const timed = new Map<string, Speed>();

/** A few steps of the smallest preset, timed now. Null where it cannot be trained. */
async function timedSpeed(
  params: EstimateParams,
  { name, measured }: OpenedDataset,
  { device }: ChosenDevice,
  context: OperationContext,
): Promise<Speed | null> {
  const key = `${device.engine}/${device.device}`;
  const known = timed.get(key);
  if (known) return known;
  context.report({ fraction: null, message: 'timing a few steps on this device' });
  try {
    const request = { ...params, dataset: name, preset: 'demo', acceptChanged: true };
    const { config, nTokens, msPerStep } = await estimateRun(request, {
      ...context,
      report: () => {},
      onDevice: atOnce, // whoever chooses a preset does not wait for a training to end
    });
    if (msPerStep === null) return null;
    const operations = stepOperations(toModelSpec(config, { nCheckpoints: measured.files.length, nTokens }));
    const speed = { operationsPerSecond: (1000 * operations) / msPerStep, basis: 'a few steps timed on this device' };
    timed.set(key, speed);
    return speed;
  } catch (error) {
    if (error instanceof RpgError && error.blame === 'user') return null;
    throw error;
  }
}

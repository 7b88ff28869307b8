// What every preset would take on a dataset, and every configuration file on its own, so that a person chooses with the cost in sight.
import type { EstimateParams, EstimateResult, TrainingEstimate } from '../../../protocol/training';
import { draftConfig } from '../../config/draftConfig';
import { presets, type Preset } from '../../config/presets';
import type { EngineFacts } from '../../config/resolveConfig';
import type { Method } from '../../methods/method';
import { methodOf } from '../../methods/registry';
import { readEvents } from '../../runs/eventLog';
import { findRun, listRuns, readRun } from '../../runs/runStore';
import { RpgError } from '../../util/rpgError';
import { atOnce, type OperationContext } from '../context';
import { estimateRun } from './estimateRun';
import { chooseDevice, defaultWorkers, engineFacts, type ChosenDevice } from './chooseDevice';
import { deviceMemoryBytes } from './memoryCheck';
import { openDataset, type OpenedDataset } from './openDataset';
import { completeFor, methodOfDraft, readConfig, type ReadConfig } from './readConfig';

/** *Errors* those of opening the dataset and the device. A preset that does not fit the dataset has its problem. */
export async function estimateTraining(params: EstimateParams, context: OperationContext): Promise<EstimateResult> {
  const chosen = await chooseDevice(params, context);
  const dataset = await openDataset(context.workspace, params.dataset, {
    acceptChanged: true,
    onProgress: (fraction, message) => context.report({ fraction, message: `measuring ${message}` }),
    signal: context.signal,
  });
  const method = methodOf({}); // that of the presets
  const speed =
    (await speedOfRuns(context.workspace, method, chosen)) ??
    (await timedSpeed(params, method, dataset, chosen, context));
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

/** What a device was seen to do. */
interface Speed {
  /** Whose count of operations this is. */
  readonly method: Method;
  readonly operationsPerSecond: number;
  /** Where the number comes from, in words. */
  readonly basis: string;
}

interface Basis {
  readonly chosen: ChosenDevice;
  readonly freeBytes: number;
  readonly speed: Speed | null;
}

const estimatePreset = (preset: Preset, dataset: OpenedDataset, basis: Basis): Promise<TrainingEstimate> =>
  estimateOne(preset.name, basis, async engine => {
    const draft = draftConfig({ preset: preset.name, overrides: new Map([['dataset', dataset.name]]) }, presets);
    return completeFor(draft, methodOfDraft(draft), dataset, engine);
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
    const { config, method, model } = await read(engineFacts(device));
    const workers = defaultWorkers(device, config.training.batchSize);
    const { nTokens, estimate } = await model.planTraining({ device, workers });
    const { nParameters, totalBytes } = estimate;
    const { steps } = config.training;
    const isTimed = speed !== null && speed.method === method;
    return {
      of,
      problem: null,
      nTokens,
      nParameters,
      steps,
      memoryBytes: totalBytes,
      isFitting: totalBytes <= freeBytes,
      durationMs: isTimed ? (1000 * steps * model.stepOperations()) / speed.operationsPerSecond : null,
    };
  } catch (error) {
    if (!(error instanceof RpgError) || error.blame !== 'user') throw error;
    return { of, problem: error.message, ...nothing };
  }
}

/** The speed of the newest run of a method on this device that wrote one down. */
async function speedOfRuns(workspace: string, method: Method, { device }: ChosenDevice): Promise<Speed | null> {
  const runs = (await listRuns(workspace)).filter(
    run => run.engine === device.engine && run.device === device.device && run.status !== 'unreadable',
  );
  for (const { id } of runs.reverse().slice(0, 5)) {
    try {
      const folder = await findRun(workspace, id);
      const record = await readRun(folder);
      if (methodOf(record) !== method) continue;
      const stepsPerSecond = readEvents(folder, 'snapshot').findLast(event => event.stepsPerSecond)?.stepsPerSecond;
      if (!stepsPerSecond) continue;
      const operations = method.modelOfRun(record).stepOperations();
      return { method, operationsPerSecond: operations * stepsPerSecond, basis: `speed of run ${id} on this device` };
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
  method: Method,
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
    const sizes = { nCheckpoints: measured.files.length, nTokens };
    const operations = method.modelOfRun({ config, dataset: sizes }).stepOperations();
    const basis = 'a few steps timed on this device';
    const speed = { method, operationsPerSecond: (1000 * operations) / msPerStep, basis };
    timed.set(key, speed);
    return speed;
  } catch (error) {
    if (error instanceof RpgError && error.blame === 'user') return null;
    throw error;
  }
}

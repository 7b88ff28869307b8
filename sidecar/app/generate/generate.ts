// New networks from a run: a snapshot's weights, a sampler, and files like the training checkpoints.
import { createHash, randomInt } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { GenerateParams, GenerateResult } from '../../../protocol/generation';
import type { Progress } from '../../../protocol/operation';
import { runFormatVersion, type GeneratedRecord, type RunRecord } from '../../../protocol/runRecords';
import type { CheckpointContent, OpenCheckpoint } from '../../checkpoint/format';
import { formatForWriting, formatOf, openCheckpoint } from '../../checkpoint/registry';
import type { TokenSlice } from '../../engine/engine';
import type { GeneratingPlan, NetworkGenerator, NetworkWeights } from '../../methods/generating';
import type { Method } from '../../methods/method';
import { methodOf } from '../../methods/registry';
import { logEvent } from '../../runs/eventLog';
import { fileExists, publishNew } from '../../runs/durableFile';
import { readRunDataset, type RunDatasetRecord } from '../../runs/runDataset';
import { findRun, readRun, slug } from '../../runs/runStore';
import { makeSamplesFolder, recordName, removeEmptySamples, writeGeneratedRecord } from '../../runs/samples';
import type { Snapshot } from '../../runs/snapshots';
import { fileError, throwIfCancelled, userError } from '../../util/rpgError';
import { networkContent } from './networkFile';
import { planNetworks, type PlannedNetwork } from './planNetworks';
import { testNetworks } from './testNetworks';
import { chooseDevice, type ChosenDevice } from '../train/chooseDevice';
import { findSnapshot } from '../train/findSnapshot';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';

/** *Errors* `method-unknown`, `snapshot-not-found`, `bad-request`, `file-exists` — before anything is sampled; `template-changed`; `cancelled`. */
export async function generate(params: GenerateParams, context: OperationContext): Promise<GenerateResult> {
  const planned = await planJob(params, context);
  const onWait = (message: string): void => context.report({ fraction: null, message });
  return context.onDevice(turnOf(planned.chosen.device), () => generatePlanned(params, planned, context), onWait);
}

/** Has its turn at the device. */
async function generatePlanned(
  params: GenerateParams,
  planned: PlannedJob,
  context: OperationContext,
): Promise<GenerateResult> {
  const job = await beginJob(params, planned);
  const result = await generateNetworks(job, params.force ?? false, context).catch(async (error: unknown) => {
    await removeEmptySamples(job.runFolder, job.folder);
    throw error;
  });
  if (!params.test) return result;
  const { networks } = result;
  const tests = await testNetworks({
    workspace: context.workspace,
    record: job.record,
    dataset: job.dataset,
    files: networks.map(({ file }) => file),
    timeLimitSeconds: params.timeLimitSeconds,
    accuracyPattern: params.accuracyPattern,
    onTested: done =>
      context.report({ fraction: done / networks.length, message: `tested ${done} of ${networks.length}` }),
    signal: context.signal,
  });
  return { ...result, networks: networks.map((network, i) => ({ ...network, test: tests[i]! })) };
}

async function generateNetworks(job: Job, force: boolean, context: OperationContext): Promise<GenerateResult> {
  const generator = await job.plan.open({
    snapshot: job.snapshot,
    device: job.chosen.device,
    workers: job.record.workers,
    tokenSlice: job.tokenSlice,
    say: message => context.report({ fraction: 0, message }),
    signal: context.signal,
  });
  let template: OpenCheckpoint | null = null;
  try {
    template = openCheckpoint(job.templatePath);
    const result = await sampleAndWrite(job, generator, template, force, context);
    logEvent(job.runFolder, {
      event: 'generated',
      folder: path.resolve(result.folder),
      count: result.networks.length,
      step: result.step,
      seed: result.seed,
      samplingMs: Math.round(result.samplingMs),
      device: `${job.chosen.device.engine}/${job.chosen.device.device}`,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      deviceBytes: job.chosen.device.facts.ownsMemory ? generator.memory().peakBytes : null,
    });
    return result;
  } finally {
    template?.dispose();
    await generator.dispose();
  }
}

/** What is settled before there is a turn at the device. */
interface PlannedJob {
  runFolder: string;
  record: RunRecord;
  method: Method;
  dataset: RunDatasetRecord;
  plan: GeneratingPlan;
  seed: number;
  networks: readonly PlannedNetwork[];
  chosen: ChosenDevice;
  extension: string;
  templatePath: string;
  tokenSlice: TokenSlice;
}

/** Everything settled before the first network is sampled. */
interface Job extends PlannedJob {
  snapshot: Snapshot;
  folder: string;
}

async function planJob(params: GenerateParams, context: OperationContext): Promise<PlannedJob> {
  const runFolder = await findRun(context.workspace, params.run);
  const record = await readRun(runFolder);
  const method = methodOf(record);
  const dataset = await readRunDataset(runFolder);
  const snapshot = await findSnapshot(runFolder, params.snapshot, method);
  const { config } = record;
  const model = method.cut(dataset.structure, config.tokens).model(config, dataset.files.length);
  const seed = params.seed ?? randomInt(2 ** 32);
  const templatePath = path.join(dataset.folder, dataset.files[0]!.name);
  if (!existsSync(templatePath)) throw templateMissing(templatePath, record.id);
  const plan = model.planGenerating({ sampler: params, step: snapshot.step }); // before a folder is made
  const tag = params.tag ?? slug(config.name).replaceAll('-', '_');
  const networks = planNetworks(params, tag, seed, plan.conditions);
  const extension = extensionOf(params.format, templatePath);
  const chosen = await chooseDevice(params, context, plan);
  const tokenSlice = tokenSliceOf(params.tokenSlice, chosen);
  return { runFolder, record, method, dataset, plan, seed, networks, chosen, extension, templatePath, tokenSlice };
}

/** The newest snapshot now: the training that was waited for may have written others, and removed the one that was newest. */
async function beginJob(params: GenerateParams, planned: PlannedJob): Promise<Job> {
  const { runFolder, method, networks, extension } = planned;
  const snapshot = await findSnapshot(runFolder, params.snapshot, method);
  const folder = await outputFolder(params, runFolder, networks, extension); // last: it makes the folder
  return { ...planned, snapshot, folder };
}

async function sampleAndWrite(
  job: Job,
  generator: NetworkGenerator,
  template: OpenCheckpoint,
  force: boolean,
  context: OperationContext,
): Promise<GenerateResult> {
  const { plan, networks, record, folder, seed } = job;
  const result: GenerateResult = {
    run: record.id,
    folder,
    step: job.snapshot.step,
    seed,
    networks: [],
    samplingMs: 0,
    notes: [...plan.notes],
  };
  for (let first = 0; first < networks.length; first += plan.groupSize) {
    throwIfCancelled(context.signal, 'generating');
    const group = networks.slice(first, first + plan.groupSize);
    const onProgress = (fraction: number): void =>
      context.report({
        fraction: (first + fraction * group.length) / networks.length,
        message: `${plan.sampler.kind}, network ${first + 1} of ${networks.length}`,
      } satisfies Progress);
    const startedAt = performance.now();
    const sampled = await generator.sample({ networks: group, seed, onProgress, signal: context.signal });
    result.samplingMs += performance.now() - startedAt;
    for (const [i, network] of group.entries()) {
      result.networks.push({ ...(await writeNetwork(job, network, sampled[i]!, template, force)), test: null });
    }
  }
  return result;
}

/** *Errors* user: a slice is asked of an engine that has no choice. */
function tokenSliceOf(wanted: TokenSlice = 'auto', { device }: ChosenDevice): TokenSlice {
  if (wanted === 'auto' || device.facts.slicesTokens) return wanted;
  throw userError(
    'token-slice-unsupported',
    `${device.engine}/${device.device} denoises slices of its own; leave out the token slice, or choose the cuda engine`,
    { tokenSlice: wanted },
  );
}

async function writeNetwork(
  job: Job,
  network: PlannedNetwork,
  weights: NetworkWeights,
  template: OpenCheckpoint,
  force: boolean,
): Promise<{ file: string; record: GeneratedRecord }> {
  const { folder, extension, dataset } = job;
  const name = network.name + extension;
  const file = path.join(folder, name);
  const { content, nNotFinite } = networkContent(template, dataset.key, dataset.structure, weights);
  if (force) await formatForWriting(file).write(file, content, { replace: true });
  else await writeNew(file, content);
  const record: GeneratedRecord = {
    formatVersion: runFormatVersion,
    file: name,
    run: job.record.id,
    step: job.snapshot.step,
    seed: job.seed,
    networkIndex: network.index,
    sampler: job.plan.sampler,
    permutationState: network.permutationState,
    class: network.class,
    engine: job.chosen.device.engine,
    device: job.chosen.device.device,
    nNotFinite,
    sha256: extension === '' ? null : await hashOfFile(file),
  };
  await writeGeneratedRecord(folder, network.name, record);
  return { file, record };
}

/** Written in a folder of its own under its final file name, which a torch archive carries inside. */
async function writeNew(file: string, content: CheckpointContent): Promise<void> {
  const apart = await fs.mkdtemp(path.join(path.dirname(file), '.rpg-')).catch((error: unknown) => {
    throw fileError(file, 'write it', error);
  });
  try {
    const finished = path.join(apart, path.basename(file));
    await formatForWriting(file).write(finished, content);
    await publishNew(finished, file);
  } finally {
    await fs.rm(apart, { recursive: true, force: true });
  }
}

/** The original checkpoints' own format, unless another is asked for; an adapter stays a folder. */
function extensionOf(format: GenerateParams['format'], templatePath: string): string {
  if (format !== undefined) return `.${format}`;
  const template = openCheckpoint(templatePath);
  template.dispose();
  return formatOf(template.format).generatedExtension;
}

/** An existing or new folder, in which none of the names is taken (or may be, with force). */
async function outputFolder(
  params: GenerateParams,
  runFolder: string,
  networks: readonly PlannedNetwork[],
  extension: string,
): Promise<string> {
  if (params.out === undefined) return makeSamplesFolder(runFolder);
  const folder = path.resolve(params.out);
  await fs.mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, 'make the folder', error);
  });
  const taken = networks
    .flatMap(({ name }) => [name + extension, recordName(name)])
    .find(name => existsSync(path.join(folder, name)));
  if (taken !== undefined && !params.force) throw fileExists(path.join(folder, taken));
  return folder;
}

async function hashOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function templateMissing(file: string, run: string) {
  return userError(
    'template-missing',
    `${file} is gone: it gives the networks of ${run} their names, types and fixed values; put it back`,
    { file, run },
  );
}

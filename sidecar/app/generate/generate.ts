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
import { toModelSpec } from '../../config/toModelSpec';
import type { Model, TokenSlice } from '../../engine/engine';
import type { ModelSpec } from '../../model/modelSpec';
import { samplerRemark, type SamplerPlan } from '../../model/sampler';
import { defaultSampler, planSampler, samplerOptions } from '../../model/samplers/registry';
import { createSchedule } from '../../model/schedule';
import { logEvent } from '../../runs/eventLog';
import { fileExists, publishNew } from '../../runs/durableFile';
import { readRunDataset, type RunDatasetRecord } from '../../runs/runDataset';
import { findRun, readRun, slug } from '../../runs/runStore';
import { makeSamplesFolder, recordName, removeEmptySamples, writeGeneratedRecord } from '../../runs/samples';
import type { Snapshot } from '../../runs/snapshots';
import { createTokenLayout, type TokenLayout } from '../../tokenizer/tokenLayout';
import { precisionAt, type Precision } from '../../methods/rpg/precision';
import { fileError, throwIfCancelled, userError } from '../../util/rpgError';
import { networkContent } from './networkFile';
import { conditioningOf, planNetworks, type PlannedNetwork } from './planNetworks';
import { testNetworks } from './testNetworks';
import { chooseDevice, type ChosenDevice } from '../train/chooseDevice';
import { findSnapshot } from '../train/findSnapshot';
import { readSnapshotWeights } from '../../methods/rpg/modelFiles';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';

/** *Errors* `snapshot-not-found`, `bad-request`, `file-exists` — before anything is sampled; `template-changed`; `cancelled`. */
export async function generate(params: GenerateParams, context: OperationContext): Promise<GenerateResult> {
  const planned = await planJob(params, context.workspace);
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
  const model = await job.chosen.device.open(job.spec, {
    seed: job.record.config.seed,
    workers: job.record.workers,
    precision: job.precision,
    optimizerState: 'none',
    tokenSlice: job.tokenSlice,
    onMemoryPlan: message => context.report({ fraction: 0, message }),
    signal: context.signal,
  });
  const template = openCheckpoint(job.templatePath);
  try {
    await model.writeWeights(readSnapshotWeights(job.snapshot));
    const result = await sampleAndWrite(job, model, template, force, context);
    logEvent(job.runFolder, {
      event: 'generated',
      folder: path.resolve(result.folder),
      count: result.networks.length,
      step: result.step,
      seed: result.seed,
      samplingMs: Math.round(result.samplingMs),
      device: `${job.chosen.device.engine}/${job.chosen.device.device}`,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      deviceBytes: job.chosen.device.facts.ownsMemory ? model.memory().peakBytes : null,
    });
    return result;
  } finally {
    template.dispose();
    await model.dispose();
  }
}

/** What is settled before there is a turn at the device. */
interface PlannedJob {
  runFolder: string;
  record: RunRecord;
  dataset: RunDatasetRecord;
  spec: ModelSpec;
  layout: TokenLayout;
  sampler: GeneratedRecord['sampler'];
  /** Null without diffusion: the prototypes are the tokens. */
  plan: SamplerPlan | null;
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
  /** Of the snapshot's step. */
  precision: Precision;
  folder: string;
}

async function planJob(params: GenerateParams, workspace: string): Promise<PlannedJob> {
  const runFolder = await findRun(workspace, params.run);
  const record = await readRun(runFolder);
  const dataset = await readRunDataset(runFolder);
  const snapshot = await findSnapshot(runFolder, params.snapshot);
  const spec = toModelSpec(record.config, record.dataset);
  const { dimPerToken, split } = record.config.tokens;
  const layout = createTokenLayout(dataset.structure, dimPerToken, split);
  const seed = params.seed ?? randomInt(2 ** 32);
  const templatePath = path.join(dataset.folder, dataset.files[0]!.name);
  if (!existsSync(templatePath)) throw templateMissing(templatePath, record.id);
  const sampler = samplerOf(params, spec);
  const plan = planOf(sampler, spec); // refuses what does not fit the schedule, before a folder is made
  const networks = planNetworks(params, params.tag ?? slug(record.config.name).replaceAll('-', '_'), seed, spec);
  const extension = extensionOf(params.format, templatePath);
  const precision = precisionAt(snapshot.step, record.config.training);
  const chosen = await chooseDevice(params, { spec, precisions: [precision] });
  const tokenSlice = tokenSliceOf(params.tokenSlice, chosen);
  return {
    runFolder,
    record,
    dataset,
    spec,
    layout,
    sampler,
    plan,
    seed,
    networks,
    chosen,
    extension,
    templatePath,
    tokenSlice,
  };
}

/** The newest snapshot now: the training that was waited for may have written others, and removed the one that was newest. */
async function beginJob(params: GenerateParams, planned: PlannedJob): Promise<Job> {
  const { runFolder, record, networks, extension } = planned;
  const snapshot = await findSnapshot(runFolder, params.snapshot);
  const precision = precisionAt(snapshot.step, record.config.training);
  const folder = await outputFolder(params, runFolder, networks, extension); // last: it makes the folder
  return { ...planned, snapshot, precision, folder };
}

async function sampleAndWrite(
  job: Job,
  model: Model,
  template: OpenCheckpoint,
  force: boolean,
  context: OperationContext,
): Promise<GenerateResult> {
  const { spec, networks, record, folder, seed } = job;
  const result: GenerateResult = {
    run: record.id,
    folder,
    step: job.snapshot.step,
    seed,
    networks: [],
    samplingMs: 0,
    notes: notesOf(job),
  };
  const perNetwork = spec.nTokens * spec.dimPerToken;
  for (let first = 0; first < networks.length; first += groupSize(perNetwork)) {
    throwIfCancelled(context.signal, 'generating');
    const group = networks.slice(first, first + groupSize(perNetwork));
    const report = (fraction: number): void =>
      context.report({
        fraction: (first + fraction * group.length) / networks.length,
        message: `${job.sampler.kind}, network ${first + 1} of ${networks.length}`,
      } satisfies Progress);
    const startedAt = performance.now();
    const tokens = await sampleGroup(job, model, group, report, context.signal);
    result.samplingMs += performance.now() - startedAt;
    for (const [i, network] of group.entries()) {
      const own = tokens.subarray(i * perNetwork, (i + 1) * perNetwork);
      result.networks.push({ ...(await writeNetwork(job, network, own, template, force)), test: null });
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

function planOf({ kind, steps, spacing, eta }: GeneratedRecord['sampler'], spec: ModelSpec): SamplerPlan | null {
  return kind === 'none' ? null : planSampler(kind, createSchedule(spec.diffusion), { steps, spacing, eta });
}

function notesOf({ plan, spec }: Job): string[] {
  const remark = plan && samplerRemark(plan, createSchedule(spec.diffusion));
  return remark === null ? [] : [remark];
}

/** Networks sampled together: their tokens stay under a gigabyte on the host; engines split further as they need. */
function groupSize(tokensPerNetwork: number): number {
  return Math.max(1, Math.floor(2 ** 28 / tokensPerNetwork));
}

/** *Shapes* → (group, nTokens, dimPerToken). Without diffusion the prototypes are the tokens. */
async function sampleGroup(
  job: Job,
  model: Model,
  group: readonly PlannedNetwork[],
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { spec, plan, seed } = job;
  const conditioning = conditioningOf(group, spec);
  if (!plan) return repeatTo(await model.prototypes(conditioning), group.length * spec.nTokens * spec.dimPerToken);
  const noise = { kind: 'seeded', seed, firstNetwork: group[0]!.index } as const;
  return model.sample({ count: group.length, conditioning, plan, noise, onProgress, signal });
}

async function writeNetwork(
  job: Job,
  network: PlannedNetwork,
  tokens: Float32Array,
  template: OpenCheckpoint,
  force: boolean,
): Promise<{ file: string; record: GeneratedRecord }> {
  const { folder, extension, dataset, layout } = job;
  const name = network.name + extension;
  const file = path.join(folder, name);
  const { content, nNotFinite } = networkContent(template, dataset.key, dataset.structure, layout, tokens);
  if (force) await formatForWriting(file).write(file, content, { replace: true });
  else await writeNew(file, content);
  const record: GeneratedRecord = {
    formatVersion: runFormatVersion,
    file: name,
    run: job.record.id,
    step: job.snapshot.step,
    seed: job.seed,
    networkIndex: network.index,
    sampler: job.sampler,
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

/** *Errors* user: an option is given that the sampler would pay no heed to. */
function samplerOf(params: GenerateParams, spec: ModelSpec): GeneratedRecord['sampler'] {
  if (!spec.denoiser) return { kind: 'none', steps: 0, spacing: 'even', eta: 0 };
  const { sampler: kind = defaultSampler } = params;
  return { kind, ...samplerOptions(kind, params, spec.diffusion.T) };
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

function repeatTo(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const out = new Float32Array(length);
  for (let at = 0; at < length; at += values.length) out.set(values, at);
  return out;
}

function templateMissing(file: string, run: string) {
  return userError(
    'template-missing',
    `${file} is gone: it gives the networks of ${run} their names, types and fixed values; put it back`,
    { file, run },
  );
}

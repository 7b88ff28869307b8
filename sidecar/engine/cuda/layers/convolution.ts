// The denoiser's convolutions on the queue: which instance of kernels/conv1d.cu serves a channel count, packed weights,
// weight gradients. Activations are (rows, positions, channels).
import type { ElementType } from '../driver/cublasLt';
import { unsupportedModel } from '../driver/cudaErrors';
import type { KernelArgument } from '../driver/driver';
import type { Queue } from '../driver/queue';

/** One convolution's size. */
export interface ConvolutionShape {
  readonly rows: number;
  readonly positions: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly taps: number;
}

interface Instance {
  readonly name: string;
  /** Output positions and channels of a block. */
  readonly tile: number;
  readonly channels: number;
  readonly threads: number;
  readonly stages: number;
  readonly element: ElementType;
}

/** In order of preference for a channel count. */
const instances: readonly Instance[] = [
  { name: 'conv1d_256x8', tile: 256, channels: 8, threads: 128, stages: 2, element: 'bf16' },
  { name: 'conv1d_256x32', tile: 256, channels: 32, threads: 128, stages: 2, element: 'bf16' },
  { name: 'conv1d_256x64', tile: 256, channels: 64, threads: 128, stages: 2, element: 'bf16' },
  { name: 'conv1d_128x128', tile: 128, channels: 128, threads: 128, stages: 2, element: 'bf16' },
  { name: 'conv1d_128x64', tile: 128, channels: 64, threads: 128, stages: 2, element: 'bf16' },
  { name: 'conv1d_64x8', tile: 64, channels: 8, threads: 128, stages: 1, element: 'f32' },
  { name: 'conv1d_64x32', tile: 64, channels: 32, threads: 128, stages: 1, element: 'f32' },
  { name: 'conv1d_64x64', tile: 64, channels: 64, threads: 128, stages: 1, element: 'f32' },
];

/**
 * Instances of kernels/convHopper.cu: warpgroups of a block, each of which walks its own tiles of 64 positions. An input gradient
 * that goes on through the layer input holds more in registers.
 */
const hopperGroups: Readonly<Record<string, { convolve: number; back: number } | undefined>> = {
  '32x64': { convolve: 4, back: 3 },
  '64x32': { convolve: 4, back: 4 },
  '64x128': { convolve: 3, back: 3 },
  '128x64': { convolve: 3, back: 3 },
  '64x96': { convolve: 3, back: 2 },
  '96x64': { convolve: 3, back: 3 },
};
const hopperTile = 64;
const hopperTaps = 7;

/** Channels of the depth as the kernels want them: a multiple of 16. */
export function paddedChannels(channels: number): number {
  return Math.ceil(channels / 16) * 16;
}

/** Elements of packed weights: (taps, outputs, padded depth), or (1, outputs, padded taps) for a depth of one. */
export function packedSize(outputs: number, depth: number, taps: number): number {
  return depth === 1 ? outputs * paddedChannels(taps) : taps * outputs * paddedChannels(depth);
}

/**
 * Weights (out, in, taps) float32 → packed. `transposed`: for the input gradient. `scale` (out) float32, or 0n.
 */
export function packWeights(
  queue: Queue,
  weight: bigint,
  scale: bigint,
  packed: bigint,
  { inChannels, outChannels, taps }: ConvolutionShape,
  transposed: boolean,
): void {
  const [outputs, depth] = transposed ? [inChannels, outChannels] : [outChannels, inChannels];
  const padded = depth === 1 ? paddedChannels(taps) : paddedChannels(depth);
  const size = packedSize(outputs, depth, taps);
  queue.launch(
    'packConvWeights',
    [Math.min(256, Math.ceil(size / 256))],
    [256],
    [...[weight, scale, packed, outChannels, inChannels, taps, padded, transposed ? 1 : 0]],
  );
}

/** Weights to pack without a scale. */
export interface PackJob {
  readonly weight: bigint;
  readonly packed: bigint;
  readonly shape: ConvolutionShape;
  readonly transposed: boolean;
}

/** Jobs of one launch, as PackJobs in kernels/conv1d.cu. */
const jobsPerLaunch = 16;

/** `packWeights` of many, in as few launches as possible: small models spend their time on launches. */
export function packAllWeights(queue: Queue, jobs: readonly PackJob[]): void {
  for (let first = 0; first < jobs.length; first += jobsPerLaunch) {
    const some = jobs.slice(first, first + jobsPerLaunch);
    const fill = <V>(values: readonly V[], empty: V) => [
      ...values,
      ...Array<V>(jobsPerLaunch - values.length).fill(empty),
    ];
    const sizes = some.map(({ shape, transposed }) => {
      const { inChannels, outChannels, taps } = shape;
      const depth = transposed ? outChannels : inChannels;
      return { inChannels, outChannels, taps, padded: paddedChannels(depth === 1 ? taps : depth), transposed };
    });
    const largest = Math.max(
      ...some.map(({ shape: { inChannels, outChannels, taps } }) => packedSize(outChannels, inChannels, taps)),
    );
    queue.launch(
      'packConvWeightsAll',
      [Math.min(32, Math.ceil(largest / 256)), some.length],
      [256],
      [
        {
          pointers: [
            ...fill(
              some.map(job => job.weight),
              0n,
            ),
            ...fill(
              some.map(job => job.packed),
              0n,
            ),
          ],
        },
        {
          ints: [
            ...fill(
              sizes.map(size => size.outChannels),
              0,
            ),
            ...fill(
              sizes.map(size => size.inChannels),
              0,
            ),
            ...fill(
              sizes.map(size => size.taps),
              0,
            ),
            ...fill(
              sizes.map(size => size.padded),
              0,
            ),
            ...fill(
              sizes.map(size => (size.transposed ? 1 : 0)),
              0,
            ),
          ],
        },
      ],
    );
  }
}

/** What a convolution does with its result; see ConvMode in kernels/conv1d.cu. */
export type ConvolutionEnd =
  | { kind: 'raw'; output: bigint; sums: bigint }
  | { kind: 'hidden'; output: bigint; condition: bigint; time: bigint; stepIndex: bigint; skip: bigint }
  | { kind: 'last'; output: bigint };

/** Queues the convolution. Returns the rows of `sums` it fills. */
export function convolve(
  queue: Queue,
  input: bigint,
  packed: bigint,
  bias: bigint,
  shape: ConvolutionShape,
  end: ConvolutionEnd,
): number {
  const { rows, positions, inChannels, outChannels, taps } = shape;
  queue.operations += 2 * rows * positions * taps * inChannels * outChannels;
  const groups = chooseHopper(queue, shape, end.kind);
  if (groups !== null && end.kind !== 'last') {
    return convolveOnHopper(queue, input, packed, bias, shape, end, groups);
  }
  const instance = chooseInstance(queue, shape);
  const tiles = rows * Math.ceil(positions / instance.tile);
  const depth = inChannels === 1 ? paddedChannels(taps) : paddedChannels(inChannels);
  const mode = { raw: 0, hidden: 1, last: 2 }[end.kind];
  const isHidden = end.kind === 'hidden';
  const args: KernelArgument[] = [
    ...[input, packed, bias, end.kind === 'last' ? 0n : end.output],
    ...[positions, inChannels, depth, outChannels, taps, mode],
    end.kind === 'raw' ? end.sums : 0n,
    ...(isHidden ? [end.condition, end.time, positions, end.stepIndex, end.skip] : [0n, 0n, 0, 0n, 0n]),
    end.kind === 'last' ? end.output : 0n,
  ];
  const grid = [tiles, Math.ceil(outChannels / instance.channels)] as const;
  queue.launch(instance.name, grid, [instance.threads], args, sharedBytes(queue, instance, shape));
  return tiles;
}

/** Rows of partial sums a raw convolution fills. */
export function sumRowsOf(queue: Queue, shape: ConvolutionShape): number {
  const groups = chooseHopper(queue, shape, 'raw');
  if (groups !== null) return hopperBlocks(queue, shape, groups) * groups;
  return shape.rows * Math.ceil(shape.positions / chooseInstance(queue, shape).tile);
}

function chooseHopper(queue: Queue, shape: ConvolutionShape, end: ConvolutionEnd['kind']): number | null {
  const groups = hopperGroups[`${shape.inChannels}x${shape.outChannels}`]?.convolve;
  if (groups === undefined || !queue.hopper || end === 'last' || shape.taps !== hopperTaps) return null;
  // Besides the tiles a block holds its biases.
  return hopperSharedBytes(shape, groups) + shape.outChannels * 4 <= queue.device.facts.sharedBytesPerBlock
    ? groups
    : null;
}

/** All taps' weights, and two tiles a group. */
function hopperSharedBytes({ inChannels, outChannels, taps }: ConvolutionShape, groups: number): number {
  const pitch = Math.floor((hopperTile + taps - 1 + 6) / 8) * 8 + 1;
  return 2 * (taps * inChannels * outChannels + groups * 2 * inChannels * pitch);
}

function hopperBlocks(queue: Queue, { rows, positions }: ConvolutionShape, groups: number): number {
  const tiles = rows * Math.ceil(positions / hopperTile);
  return Math.min(Math.ceil(tiles / groups), queue.device.facts.multiprocessors);
}

function convolveOnHopper(
  queue: Queue,
  input: bigint,
  packed: bigint,
  bias: bigint,
  shape: ConvolutionShape,
  end: Exclude<ConvolutionEnd, { kind: 'last' }>,
  groups: number,
): number {
  const { rows, positions, inChannels, outChannels } = shape;
  const blocks = hopperBlocks(queue, shape, groups);
  const isHidden = end.kind === 'hidden';
  // The kinds of HopperKind in kernels/convHopper.cu. A raw convolution without sums is an input gradient: no bias either.
  const kind = isHidden ? (end.skip === 0n ? 'Hidden' : 'HiddenSkip') : end.sums === 0n ? 'Plain' : 'Statistics';
  const args: KernelArgument[] = [
    ...[input, packed, bias, end.output, rows, positions],
    ...(isHidden ? [0n, end.condition, end.time, positions, end.stepIndex, end.skip] : [end.sums, 0n, 0n, 0, 0n, 0n]),
  ];
  const shared = hopperSharedBytes(shape, groups);
  queue.launchExact(`conv1dHopper${kind}_${inChannels}x${outChannels}`, [blocks], [groups * 128], args, shared);
  return blocks * groups;
}

/** What `convolveBack` reads and writes; see BackThroughInput in kernels/convHopper.cu. Addresses; 0n where there is none. */
export interface BackThroughInput {
  readonly v: bigint;
  readonly norm: { scale: bigint; shift: bigint; mean: bigint; inverse: bigint };
  readonly skip: { v: bigint; scale: bigint; shift: bigint; gradient: bigint } | null;
  /** Gradient that v's output gets as somebody's skip connection. */
  readonly extra: bigint;
  readonly condition: bigint;
  readonly time: bigint;
  readonly dCondition: bigint;
  readonly dTime: bigint;
}

/** Rows of sums `convolveBack` fills for an input gradient's shape; null: there is no such kernel for it. */
export function convolveBackSumRows(queue: Queue, shape: ConvolutionShape): number | null {
  const groups = hopperGroups[`${shape.inChannels}x${shape.outChannels}`]?.back;
  if (groups === undefined || !queue.hopper || shape.taps !== hopperTaps) return null;
  const shared = hopperSharedBytes(shape, groups) + 5 * shape.outChannels * 4;
  return shared <= queue.device.facts.sharedBytesPerBlock ? hopperBlocks(queue, shape, groups) * groups : null;
}

/**
 * An input gradient and, in the same kernel, the way back through the layer's input: `output` gets the gradient of the batch
 * norm's output, `sums` what batch norm's own gradient needs. Only where `convolveBackSumRows` is not null.
 */
export function convolveBack(
  queue: Queue,
  dv: bigint,
  packed: bigint,
  shape: ConvolutionShape,
  through: BackThroughInput,
  output: bigint,
  sums: bigint,
): void {
  const { rows, positions, inChannels, outChannels, taps } = shape;
  queue.operations += 2 * rows * positions * taps * inChannels * outChannels;
  const groups = hopperGroups[`${inChannels}x${outChannels}`]!.back;
  const { v, norm, skip, extra, condition, time, dCondition, dTime } = through;
  // A layer whose input has a skip connection is a decoder's; what it reads is nobody's skip connection.
  const kind = skip ? 'BackSkip' : extra === 0n ? 'Back' : 'BackExtra';
  const pointers = [
    ...[v, skip?.v ?? 0n, extra, condition, time],
    ...[norm.scale, norm.shift, norm.mean, norm.inverse, skip?.scale ?? 0n, skip?.shift ?? 0n],
    ...[skip?.gradient ?? 0n, dCondition, dTime, sums],
  ];
  queue.launchExact(
    `conv1dHopper${kind}_${inChannels}x${outChannels}`,
    [hopperBlocks(queue, shape, groups)],
    [groups * 128],
    [dv, packed, output, rows, positions, { pointers }],
    hopperSharedBytes(shape, groups),
  );
}

function chooseInstance(queue: Queue, shape: ConvolutionShape): Instance {
  const fits = (instance: Instance) =>
    instance.element === queue.element && sharedBytes(queue, instance, shape) <= queue.device.facts.sharedBytesPerBlock;
  const usable = instances.filter(fits);
  const wide = usable.find(({ channels }) => channels >= shape.outChannels);
  if (usable.length === 0) {
    const most = queue.device.facts.sharedBytesPerBlock / 1024;
    throw unsupportedModel(
      `a convolution of ${shape.inChannels} channels and ${shape.taps} taps (diffusion.layerChannels, kernelSize) needs more than the ${most} KiB of shared memory a block has on ${queue.device.facts.name}`,
    );
  }
  // More channels than any tile has: several tiles side by side.
  return wide ?? usable.reduce((a, b) => (b.channels > a.channels ? b : a));
}

function sharedBytes(
  queue: Queue,
  { tile, channels, stages }: Instance,
  { inChannels, taps }: ConvolutionShape,
): number {
  const pad = 16 / queue.bytes(1);
  const [depth, halo] = inChannels === 1 ? [paddedChannels(taps), 0] : [paddedChannels(inChannels), taps - 1];
  const loaded = (tile + halo + stages * channels) * (depth + pad);
  const staged = tile * (channels + pad);
  return Math.max(queue.bytes(Math.max(loaded, staged)), 4 * channels * 2 * 4);
}

/** dWeight (out, in, taps) float32 from dv (rows, positions, out) and u (rows, positions, in). */
export function weightGradient(queue: Queue, dv: bigint, u: bigint, dWeight: bigint, shape: ConvolutionShape): void {
  const { rows, positions, inChannels, outChannels, taps } = shape;
  const pairs = inChannels * outChannels;
  queue.operations += 2 * rows * positions * taps * pairs;
  queue.memory.scope(() => {
    if (inChannels === 1 || outChannels === 1) {
      const flip = inChannels !== 1;
      const [wide, narrow, channels] = flip ? [u, dv, inChannels] : [dv, u, outChannels];
      const splits = Math.min(rows * Math.ceil(positions / 256), queue.device.facts.multiprocessors * 4);
      const partial = queue.takeFloats('convolution gradients', splits * taps * pairs);
      const groups = (channels * queue.bytes(1)) / 16; // of channels that one access reads
      if (taps === 7 && channels <= 128 && [1, 2, 4, 8, 16, 32].includes(groups)) {
        const args = [wide, narrow, partial, rows, positions, channels, flip ? 1 : 0];
        queue.launch('convEdgeWeightGradientWide', [splits], [256], args);
      } else {
        const grid = [splits, Math.ceil(channels / 32)] as const;
        const args = [wide, narrow, partial, rows, positions, channels, taps, flip ? 1 : 0];
        queue.launch('convEdgeWeightGradient', grid, [32, 8], args);
      }
      reduce(queue, partial, dWeight, splits, taps, pairs);
      return;
    }
    if (weightGradientOnHopper(queue, dv, u, dWeight, shape)) return;
    const half = queue.element === 'f32';
    const [tileOut, tileIn] = half ? [32, 32] : [outChannels > 32 ? 64 : 32, inChannels > 32 ? 64 : 32];
    const depth = half ? 32 : 64;
    const warps = Math.min(8, taps);
    const tiles = Math.ceil(outChannels / tileOut) * Math.ceil(inChannels / tileIn);
    const perCard = Math.max(1, Math.floor((queue.device.facts.multiprocessors * 2) / tiles));
    // A split writes a whole gradient: with little to add up, fewer are faster.
    const splits = Math.max(1, Math.min(Math.ceil((rows * Math.ceil(positions / depth)) / 12), perCard));
    const partial = queue.takeFloats('convolution gradients', splits * taps * pairs);
    const pad = 16 / queue.bytes(1);
    const shared = 2 * queue.bytes(depth * (tileOut + pad) + (depth + warps - 1) * (tileIn + pad));
    const grid = [splits, tiles, Math.ceil(taps / warps)] as const;
    const args = [dv, u, partial, rows, positions, inChannels, outChannels, taps];
    queue.launch(`convWeightGradient_${tileOut}x${tileIn}`, grid, [warps * 32], args, shared);
    reduce(queue, partial, dWeight, splits, taps, pairs);
  });
}

/** Instances of convWeightGradientHopper by channels: whose channels are the products' rows, and how many columns a block has. */
const hopperGradients: Readonly<Record<string, { name: string; columns: number } | undefined>> = {
  '32x64': { name: 'FromOutputs', columns: 32 },
  '64x32': { name: 'FromInputs', columns: 32 },
  '64x128': { name: 'FromInputs', columns: 64 },
  '128x64': { name: 'FromOutputs', columns: 64 },
  '64x96': { name: 'FromInputs', columns: 32 },
  '96x64': { name: 'FromOutputs', columns: 32 },
};

function weightGradientOnHopper(
  queue: Queue,
  dv: bigint,
  u: bigint,
  dWeight: bigint,
  shape: ConvolutionShape,
): boolean {
  const { rows, positions, inChannels, outChannels, taps } = shape;
  const instance = hopperGradients[`${inChannels}x${outChannels}`];
  if (!instance || !queue.hopper || taps !== hopperTaps) return false;
  const { name, columns } = instance;
  const [depth, stages] = [128, 4];
  const pitch = (n: number) => Math.floor((n + 6) / 8) * 8 + 1;
  const [uChannels, dChannels] = name === 'FromInputs' ? [64, columns] : [columns, 64];
  const shared = 2 * stages * (uChannels * pitch(depth + taps - 1) + dChannels * pitch(depth));
  const parts = Math.max(inChannels, outChannels) === 64 ? 1 : Math.max(inChannels, outChannels) / columns;
  const items = rows * Math.ceil(positions / depth);
  // A split writes a whole gradient: with little to add up, fewer are faster.
  const splits = Math.max(1, Math.min(Math.ceil(items / 6), Math.floor(queue.device.facts.multiprocessors / parts)));
  const partial = queue.takeFloats('convolution gradients', splits * taps * inChannels * outChannels);
  const kernel = `convWeightGradientHopper${name}_${columns}`;
  queue.launchExact(kernel, [splits, parts], [512], [dv, u, partial, rows, positions], shared);
  reduce(queue, partial, dWeight, splits, taps, inChannels * outChannels);
  return true;
}

function reduce(queue: Queue, partial: bigint, dWeight: bigint, splits: number, taps: number, pairs: number): void {
  const grid = [Math.ceil((taps * pairs) / 128)] as const;
  queue.launchExact('convReduceWeightGradient', grid, [128], [partial, dWeight, splits, taps, pairs]);
}

// The fast way to test a network: its layers compiled to WebAssembly SIMD, four images at a time, one in each lane. Every
// value is a vector of four floats, so no layer has edges to treat; sizes are constants in the code. float32 throughout.
// `createNetwork` is the clear reference in float64; both are compared in test/unit/zoo.
import { featureShapes, networkParameters, parameterCount, pixelLevels } from '../networkSpec';
import type { FeatureShape, Layer, NetworkSpec } from '../networkSpec';
import { elementCount } from '../../util/namedArrays';
import * as w from './wasmModule';

/** Images that go through the network together. */
export const lanes = 4;

const floatBytes = 4;
const vectorBytes = lanes * floatBytes;

/** A compiled network with its memory. */
export interface SimdForward {
  /** The current weights, flat, in state-dict order. *Shapes* (parameters) */
  readonly parameters: Float32Array;
  /** Puts an image's pixels, read from `at`, into a lane. */
  setImage(lane: number, pixels: Uint8Array, at: number): void;
  /** Runs all lanes. */
  run(): void;
  /** (classes, lanes), valid until the next run. */
  readonly logits: Float32Array;
  /** What each layer wrote, valid until the next run. *Shapes* (values of the layer's output, lanes) */
  readonly outputs: readonly Float32Array[];
}

/** Where things are in the module's memory, in bytes. */
interface MemoryPlan {
  readonly parametersAt: number;
  /** Before layer 0 and after each layer. */
  readonly activationsAt: readonly number[];
  readonly totalBytes: number;
}

// Local variables of the generated function: counters that are also addresses, then vectors.
const [outRow, outAt, inRow, inAt, channelAt, weightAt] = [0, 1, 2, 3, 4, 5] as const;
const i32Locals = 6;
/** The most output channels and positions one inner loop computes: 8 sums fit the registers beside inputs and weight. */
const channelBlock = 4;
const positionBlock = 2;
const v128Locals = channelBlock * positionBlock + positionBlock;
const sumLocal = (channel: number, position: number): w.Local => i32Locals + channel * positionBlock + position;
const inputLocal = (position: number): w.Local => i32Locals + channelBlock * positionBlock + position;

/** Compiles a network. *Memory* 16 bytes per activation. */
export function compileForward(spec: NetworkSpec): SimdForward {
  const shapes = featureShapes(spec);
  const plan = planMemory(spec, shapes);
  const offsets = new Map(networkParameters(spec).map(({ name, offset }) => [name, offset * floatBytes]));
  const body = spec.layers.map((layer, index) =>
    layerCode(layer, shapes[index]!, shapes[index + 1]!, {
      inputAt: plan.activationsAt[index]!,
      outputAt: plan.activationsAt[index + 1]!,
      weightsAt: plan.parametersAt + (offsets.get(`${index}.weight`) ?? 0),
      biasesAt: plan.parametersAt + (offsets.get(`${index}.bias`) ?? 0),
    }),
  );
  const bytes = w.encodeModule([{ name: 'run', i32Locals, v128Locals, body: w.sequence(...body) }], plan.totalBytes);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { buffer } = exports.memory as WebAssembly.Memory; // both are exported by encodeModule
  const run = exports.run as () => void;

  const image = new Float32Array(buffer, plan.activationsAt[0], elementCount(shapes[0]!) * lanes);
  const levels = Float32Array.from(pixelLevels(spec));
  return {
    parameters: new Float32Array(buffer, plan.parametersAt, parameterCount(spec)),
    logits: new Float32Array(buffer, plan.activationsAt.at(-1), spec.nClasses * lanes),
    outputs: shapes
      .slice(1)
      .map((shape, layer) => new Float32Array(buffer, plan.activationsAt[layer + 1], elementCount(shape) * lanes)),
    setImage(lane, pixels, at) {
      for (let i = 0, to = lane; to < image.length; i++, to += lanes) image[to] = levels[pixels[at + i]!]!;
    },
    run,
  };
}

/** `flatten` moves nothing: its output is its input. */
function planMemory(spec: NetworkSpec, shapes: readonly FeatureShape[]): MemoryPlan {
  const parametersAt = 0;
  let at = Math.ceil((parameterCount(spec) * floatBytes) / vectorBytes) * vectorBytes;
  const activationsAt = shapes.map((shape, index) => {
    if (index > 0 && spec.layers[index - 1]!.kind === 'flatten') return -1;
    const start = at;
    at += elementCount(shape) * vectorBytes;
    return start;
  });
  for (const [index, start] of activationsAt.entries()) if (start < 0) activationsAt[index] = activationsAt[index - 1]!;
  return { parametersAt, activationsAt, totalBytes: at };
}

/** Addresses of one layer. */
interface LayerMemory {
  readonly inputAt: number;
  readonly outputAt: number;
  readonly weightsAt: number;
  readonly biasesAt: number;
}

function layerCode(layer: Layer, input: FeatureShape, output: FeatureShape, memory: LayerMemory): w.Code {
  switch (layer.kind) {
    case 'conv2d':
      return convCode(input, output, layer.kernelSize, memory);
    case 'linear':
      return convCode(input, output, 1, memory); // a 1×1 convolution of a 1×1 image
    case 'maxPool2d': {
      const larger = (rowBytes: number): w.Code =>
        w.maximum(w.loadVector(inAt, rowBytes), w.loadVector(inAt, rowBytes + vectorBytes));
      return poolCode(input, output, memory, below => w.maximum(larger(0), larger(below)));
    }
    case 'averagePool2d': {
      const sum = (rowBytes: number): w.Code =>
        w.add(w.loadVector(inAt, rowBytes), w.loadVector(inAt, rowBytes + vectorBytes));
      return poolCode(input, output, memory, below => w.multiply(w.add(sum(0), sum(below)), w.splatConst(0.25)));
    }
    case 'leakyRelu':
      return leakyReluCode(layer.negativeSlope, elementCount(input), memory);
    case 'flatten':
      return [];
    default:
      return layer satisfies never;
  }
}

/** out[o, y, x] = bias[o] + Σ_{i,u,v} weight[o, i, u, v] · in[i, y+u, x+v], for blocks of output channels and positions. */
function convCode(input: FeatureShape, output: FeatureShape, k: number, memory: LayerMemory): w.Code {
  const [outChannels, outHeight, outWidth] = output;
  const positions = outWidth % positionBlock === 0 ? positionBlock : 1;
  const blocks: w.Code[] = [];
  for (let o = 0; o < outChannels; o += channelBlock) {
    const channels = Math.min(channelBlock, outChannels - o);
    const planeAt = memory.outputAt + o * outHeight * outWidth * vectorBytes;
    const row = w.sequence(
      w.getLocal(inRow),
      w.setLocal(inAt),
      w.countedLoop(
        outAt,
        w.getLocal(outRow),
        w.sequence(w.getLocal(outRow), w.i32Const(outWidth * vectorBytes), [0x6a]), // i32.add: the end of the row
        positions * vectorBytes,
        w.sequence(
          convBlockCode(input, output, k, { o, channels, positions }, memory),
          w.increment(inAt, positions * vectorBytes),
        ),
      ),
      w.increment(inRow, input[2] * vectorBytes),
    );
    blocks.push(
      w.sequence(
        w.i32Const(memory.inputAt),
        w.setLocal(inRow),
        w.countedLoop(
          outRow,
          w.i32Const(planeAt),
          w.i32Const(planeAt + outHeight * outWidth * vectorBytes),
          outWidth * vectorBytes,
          row,
        ),
      ),
    );
  }
  return w.sequence(...blocks);
}

/** All input channels of `channels` × `positions` outputs; the kernel's taps are unrolled. */
function convBlockCode(
  input: FeatureShape,
  output: FeatureShape,
  k: number,
  block: { o: number; channels: number; positions: number },
  memory: LayerMemory,
): w.Code {
  const [inChannels, inHeight, inWidth] = input;
  const outPlane = output[1] * output[2] * vectorBytes;
  const kernelBytes = k * k * floatBytes;
  const weightsEnd = memory.weightsAt + (block.o + 1) * inChannels * kernelBytes; // of the block's first channel
  const code: w.Code[] = [];
  const forEachSum = (emit: (channel: number, position: number) => w.Code): void => {
    for (let c = 0; c < block.channels; c++) for (let p = 0; p < block.positions; p++) code.push(emit(c, p));
  };
  // Address 0 + constant: any local that holds 0 would do, but a bias address is as cheap.
  code.push(w.i32Const(memory.biasesAt + block.o * floatBytes), w.setLocal(weightAt));
  forEachSum((c, p) => w.sequence(w.loadSplat(weightAt, c * floatBytes), w.setLocal(sumLocal(c, p))));

  const taps: w.Code[] = [];
  for (let u = 0; u < k; u++)
    for (let v = 0; v < k; v++) {
      for (let p = 0; p < block.positions; p++)
        taps.push(w.loadVector(channelAt, (u * inWidth + v + p) * vectorBytes), w.setLocal(inputLocal(p)));
      for (let c = 0; c < block.channels; c++) {
        const weight = w.loadSplat(weightAt, c * inChannels * kernelBytes + (u * k + v) * floatBytes);
        for (let p = 0; p < block.positions; p++) {
          const product = w.multiply(w.getLocal(inputLocal(p)), weight);
          taps.push(w.add(w.getLocal(sumLocal(c, p)), product), w.setLocal(sumLocal(c, p)));
        }
      }
    }
  code.push(
    w.getLocal(inAt),
    w.setLocal(channelAt),
    w.countedLoop(
      weightAt,
      w.i32Const(memory.weightsAt + block.o * inChannels * kernelBytes),
      w.i32Const(weightsEnd),
      kernelBytes,
      w.sequence(...taps, w.increment(channelAt, inHeight * inWidth * vectorBytes)),
    ),
  );
  forEachSum((c, p) => w.storeVector(outAt, c * outPlane + p * vectorBytes, w.getLocal(sumLocal(c, p))));
  return w.sequence(...code);
}

/** `combine` makes one output of the 2×2 inputs at `inAt`, the lower pair `below` bytes further. */
function poolCode(
  input: FeatureShape,
  output: FeatureShape,
  memory: LayerMemory,
  combine: (below: number) => w.Code,
): w.Code {
  const [channels, inHeight, inWidth] = input;
  const [, outHeight, outWidth] = output;
  const rowBytes = inWidth * vectorBytes;
  const planes: w.Code[] = [];
  for (let c = 0; c < channels; c++) {
    const planeAt = memory.outputAt + c * outHeight * outWidth * vectorBytes;
    const row = w.sequence(
      w.getLocal(inRow),
      w.setLocal(inAt),
      w.countedLoop(
        outAt,
        w.getLocal(outRow),
        w.sequence(w.getLocal(outRow), w.i32Const(outWidth * vectorBytes), [0x6a]),
        vectorBytes,
        w.sequence(w.storeVector(outAt, 0, combine(rowBytes)), w.increment(inAt, 2 * vectorBytes)),
      ),
      w.increment(inRow, 2 * rowBytes),
    );
    planes.push(
      w.sequence(
        w.i32Const(memory.inputAt + c * inHeight * rowBytes),
        w.setLocal(inRow),
        w.countedLoop(
          outRow,
          w.i32Const(planeAt),
          w.i32Const(planeAt + outHeight * outWidth * vectorBytes),
          outWidth * vectorBytes,
          row,
        ),
      ),
    );
  }
  return w.sequence(...planes);
}

/** max(x, slope · x), which is the leaky rectifier for slopes up to 1. */
function leakyReluCode(negativeSlope: number, count: number, memory: LayerMemory): w.Code {
  const x = w.loadVector(inAt, 0);
  return w.sequence(
    w.i32Const(memory.inputAt),
    w.setLocal(inAt),
    w.countedLoop(
      outAt,
      w.i32Const(memory.outputAt),
      w.i32Const(memory.outputAt + count * vectorBytes),
      vectorBytes,
      w.sequence(
        w.storeVector(outAt, 0, w.maximum(x, w.multiply(x, w.splatConst(negativeSlope)))),
        w.increment(inAt, vectorBytes),
      ),
    ),
  );
}

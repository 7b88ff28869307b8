// config.json of a golden case → the model it describes. Optional keys have the published defaults; what the keys leave
// open (a trainable position embedding, the fuller condition) is read off the names in the files.
import type { ModelSpec } from '../../sidecar/model/modelSpec';
import type { MambaLayerSpec } from '../../sidecar/model/recurrent/mamba';
import type { RecurrentSpec } from '../../sidecar/model/recurrent/registry';
import type { Arrays } from './readArrays';

export interface GoldenConfig {
  spec: ModelSpec;
  learningRate: number;
  weightDecay: number;
  ddimSteps: number;
}

/** *Errors* a key that is there but of another type. */
export function parseGoldenConfig(json: unknown, io: Arrays, weights: Arrays): GoldenConfig {
  const config = new Keys(json as Record<string, unknown>); // golden files are objects
  const widths = config.numbers('d_model');
  const nTokens = config.number('sequence_length');
  const batchSize = config.number('batch_size');
  const condition = conditionKind(config, weights);
  const dimPerToken = config.number('model_dim', widths.at(-1));
  const recurrent = recurrentSpec(config, widths);
  const spec: ModelSpec = {
    nTokens,
    dimPerToken,
    dModel: widths[0]!,
    dPrototype: widths.at(-1)!,
    recurrent,
    condition: {
      kind: condition,
      dCondition: config.number('d_condition', 1),
      taskBits: config.number('task_dim', 10),
    },
    nPermutation: config.number('num_permutation', weights.get('to_permutation_state.weight')?.shape[0] ?? 1),
    usePermutationState: condition === 'none',
    denoiser: weights.has('criteria.net.condi_embedder.weight')
      ? { layerChannels: config.numbers('layer_channels'), kernelSize: config.number('kernel_size', 7) }
      : null,
    diffusion: {
      T: config.number('T', 1000),
      betaStart: config.numbers('beta', [1e-4, 0.02])[0]!,
      betaEnd: config.numbers('beta', [1e-4, 0.02])[1]!,
    },
    trainPositionEmbedding: io.has('grad.model.pe'),
    batchSize,
    rowsPerStep: io.get('token_rows')?.shape[0] ?? batchSize * nTokens,
  };
  return {
    spec,
    learningRate: config.number('learning_rate', 1e-3),
    weightDecay: config.number('weight_decay', 0),
    ddimSteps: config.number('ddim_steps', 60),
  };
}

function conditionKind(config: Keys, weights: Arrays): ModelSpec['condition']['kind'] {
  if (weights.has('to_condition_conv.0.weight')) return 'taskFull';
  return config.flag('task_condition') || weights.has('to_condition_linear.weight') ? 'task' : 'none';
}

function recurrentSpec(config: Keys, widths: readonly number[]): RecurrentSpec {
  const kind = config.text('recurrent', 'mamba');
  const nLayers = config.number('num_layers', 2);
  const dModel = widths[0]!;
  switch (kind) {
    case 'mamba':
      return { kind, layers: mambaLayers(config, widths, nLayers) };
    case 'lstm':
      return { kind, dModel, nLayers };
    case 'gmlp':
      return { kind, dModel, nLayers, expand: config.number('expand', 2) };
    case 'transformer': {
      const nHeads = config.number('nhead', 4);
      return {
        kind,
        dModel,
        nLayers,
        nHeads,
        dimHead: config.number('dim_head', dModel / nHeads),
        dimFeedforward: config.number('dim_feedforward'),
      };
    }
    default:
      throw new Error(`config.json: recurrent is ${kind}`);
  }
}

/** With several widths, layer i reads width i and writes width i + 1, and its inner width follows what it writes. */
function mambaLayers(config: Keys, widths: readonly number[], nLayers: number): MambaLayerSpec[] {
  const expand = config.number('expand', 2);
  const headDim = config.number('headdim', 64);
  return Array.from({ length: nLayers }, (_, n) => {
    const width = (i: number) => widths[Math.min(i, widths.length - 1)]!;
    // [12288, 16384]: the first layer keeps 12288, the second reads it and writes 16384.
    const dModel = width(Math.max(0, n - 1));
    const dOutput = width(n);
    const dInner = expand * dOutput;
    return {
      dModel,
      dOutput,
      dInner,
      dState: config.number('d_state', 128),
      dConv: config.number('d_conv', 4),
      headDim,
      nHeads: dInner / headDim,
    };
  });
}

/** Typed access to a JSON object. */
class Keys {
  constructor(private readonly values: Record<string, unknown>) {}

  number(key: string, fallback?: number): number {
    const value = this.values[key] ?? fallback;
    if (typeof value !== 'number') throw new Error(`config.json: ${key} is not a number`);
    return value;
  }

  /** A list, or one number as a list of it. */
  numbers(key: string, fallback?: readonly number[]): readonly number[] {
    const value = this.values[key] ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list.map(item => {
      if (typeof item !== 'number') throw new Error(`config.json: ${key} has an entry that is not a number`);
      return item;
    });
  }

  text(key: string, fallback: string): string {
    const value = this.values[key] ?? fallback;
    if (typeof value !== 'string') throw new Error(`config.json: ${key} is not text`);
    return value;
  }

  flag(key: string): boolean {
    return this.values[key] === true;
  }
}

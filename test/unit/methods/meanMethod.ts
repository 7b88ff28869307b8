// A rival method, as small as one can be: it learns every weight's mean, a checkpoint a step, and draws the mean plus the index
// of the network. It opens no device.
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { openCheckpoint, selectDictionary } from '../../../sidecar/checkpoint/registry';
import { readFloat32 } from '../../../sidecar/checkpoint/tensorData';
import type { Method, RunModel } from '../../../sidecar/methods/method';
import type { OpenTrainingRequest, Trainable, TrainerEvent } from '../../../sidecar/methods/training';
import type { Structure } from '../../../sidecar/tokenizer/structure';
import type { ResolvedRunConfig } from '../../../protocol/runConfig';

/** Of a parameter's index: the sum of the checkpoints seen. */
type Sums = Record<string, number[]>;
const weightsName = 'sums.json';

export const meanMethod: Method = {
  id: 'mean',
  title: 'Means',
  about: 'Every weight is the mean of the originals.',
  source: 'none',
  weightFiles: [weightsName],
  cut(structure) {
    const generated = generatedOf(structure);
    return {
      nTokens: generated.length,
      model: config => ({
        ...runModel,
        planTraining: async () => ({
          nTokens: generated.length,
          estimate: { ...noBytes, nParameters: 24 },
          dataBytes: 0,
          open: async opening => trainable(config, structure, opening),
        }),
        planGenerating: () => ({
          sampler: { kind: 'none', steps: 0, spacing: 'even', eta: 0 },
          conditions: { permutationStates: null, taskBits: null },
          notes: ['means are dull'],
          groupSize: 2,
          refuses: () => null,
          async open({ snapshot }) {
            const sums = readSums(path.join(snapshot.folder, weightsName));
            return {
              sample: async ({ networks }) =>
                networks.map(({ index: network }) => use => {
                  for (const index of generated) {
                    use(
                      index,
                      Float32Array.from(sums[index]!, sum => sum / snapshot.step + network),
                    );
                  }
                }),
              memory: () => ({ bytes: 0, peakBytes: 0 }),
              dispose: async () => {},
            };
          },
        }),
      }),
    };
  },
  modelOfRun: () => runModel,
};

const noBytes = { weightBytes: 0, optimizerBytes: 0, activationBytes: 0, runtimeBytes: 0, totalBytes: 0 };

const runModel: RunModel = {
  refuses: () => null,
  stepOperations: () => 1,
  exportWeights: async (snapshot, file) => writeFileSync(file, readFileSync(path.join(snapshot.folder, weightsName))),
};

const generatedOf = (structure: Structure): number[] =>
  structure.parameters.flatMap((parameter, index) => (parameter.kind === 'fixed' ? [] : [index]));

const readSums = (file: string): Sums => JSON.parse(readFileSync(file, 'utf8')) as Sums;

function trainable({ training }: ResolvedRunConfig, structure: Structure, { dataset }: OpenTrainingRequest): Trainable {
  let sums: Sums = {};
  const add = (name: string): void => {
    const checkpoint = openCheckpoint(path.join(dataset.folder, name));
    const { tensors } = selectDictionary(checkpoint, dataset.key);
    for (const index of generatedOf(structure)) {
      const values = [...readFloat32(tensors.find(tensor => tensor.name === structure.parameters[index]!.name)!)];
      sums[index] = values.map((value, i) => value + (sums[index]?.[i] ?? 0));
    }
    checkpoint.dispose();
  };
  async function* train(startStep: number): AsyncGenerator<TrainerEvent, void, void> {
    for (let step = startStep + 1; step <= training.steps; step++) {
      add(dataset.fileNames[(step - 1) % dataset.fileNames.length]!);
      yield { kind: 'step', step, loss: 1 / step, learningRate: 0 };
      if (step % training.saveEvery === 0 || step === training.steps)
        yield { kind: 'snapshotDue', step, evaluate: false };
    }
    yield { kind: 'done', step: training.steps };
  }
  const writeSums = async (file: string): Promise<void> => writeFileSync(file, JSON.stringify(sums));
  return {
    description: 'means',
    train,
    beginWith: async file => void (sums = readSums(file)),
    snapshotParts: async () => [{ name: weightsName, write: writeSums }],
    restore: async ({ folder }) => void (sums = readSums(path.join(folder, weightsName))),
    writeWeights: writeSums,
    memory: () => ({ bytes: 0, peakBytes: 0 }),
    dispose: async () => {},
  };
}

// What a zoo recipe is: a network, the packaged data it learns, and how it is trained until its checkpoints are worth saving.
import type { Augmentation } from '../augmentation';
import type { NetworkSpec } from '../networkSpec';

/** One recipe: one file and one line in registry.ts. */
export interface ZooRecipe {
  /** What the person types. */
  readonly name: string;
  /** One line for a picker. */
  readonly title: string;
  /** Last part of every checkpoint's file name. */
  readonly fileTag: string;
  /** Folder inside datasets/. */
  readonly dataset: string;
  readonly network: NetworkSpec;
  readonly schedule: ZooSchedule;
}

/** Training with Adam: `epochs` with cosine decay, then one more epoch during which checkpoints are saved. */
export interface ZooSchedule {
  readonly epochs: number;
  readonly batchSize: number;
  /** At the start; decays to `savingLearningRate`. */
  readonly learningRate: number;
  /** Constant while checkpoints are saved: it sets how far neighbours are apart. */
  readonly savingLearningRate: number;
  /** Of every training image, every time it is seen. */
  readonly augmentation: Augmentation;
}

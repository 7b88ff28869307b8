// What a test found out about one network, and the vocabulary of everything that is made from it. Types only.

export interface TestOutcome {
  /** 0 … 1. */
  readonly accuracy: number;
  /** Mean loss, where the test tells it. */
  readonly loss: number | null;
  /** Where the test tells them: what similarity and ensembles are made of. */
  readonly predictions: Predictions | null;
}

/** Predicted and true class of every test sample, in the test set's order. */
export interface Predictions {
  readonly predicted: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
  /** How sure it was, where the test tells it. */
  readonly probabilities?: Probabilities | null;
}

/** What a network gives every class, of each test sample: from 0 to 1, together 1. */
export interface Probabilities {
  readonly classes: number;
  /** (samples, classes) */
  readonly values: ArrayLike<number>;
}

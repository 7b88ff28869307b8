// What judges a network: the built-in test of a zoo recipe, or the person's own test command. The metrics do not know which.
import type { TestOutcome } from '../../shared/testOutcome';
import type { WeightSource } from './weightSource';

/** A network to be tested; `path` is its file where it has one. */
export interface NetworkToTest {
  readonly source: WeightSource;
  readonly path: string | null;
}

/** A way to test networks. */
export interface Tester {
  readonly kind: 'built-in' | 'external';
  readonly title: string;
  /** How many tests are worth running at the same time. */
  readonly concurrency: number;
  /**
   * *Errors* user `test-failed`: this network could not be tested (recorded, the others go on); cancelled; anything else
   * ends the evaluation.
   */
  test(network: NetworkToTest, signal?: AbortSignal): Promise<TestOutcome>;
}

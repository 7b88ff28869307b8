// Tests many networks, a few at a time. A network whose test fails is recorded and the rest goes on; cancelling, or a mistake
// of ours, ends everything.
import { setMaxListeners } from 'node:events';
import type { TestOutcome } from '../../shared/testOutcome';
import { RpgError, throwIfCancelled } from '../util/rpgError';
import type { NetworkToTest, Tester } from './tester';

/** One network's outcome, or why there is none; neither where nothing was tested. */
export type TestRecord = { outcome: TestOutcome; failure: null } | { outcome: null; failure: string | null };

/** *Errors* cancelled; internal. In the order of `networks`, whatever finished first. Without a tester nothing is tested. */
export async function testAll(
  tester: Tester | null,
  networks: readonly NetworkToTest[],
  options: { signal?: AbortSignal; onTested?: (done: number, name: string) => void } = {},
): Promise<TestRecord[]> {
  if (tester === null) return networks.map(() => ({ outcome: null, failure: null }));
  if (options.signal) setMaxListeners(0, options.signal); // every lane listens while it tests
  const records: TestRecord[] = [];
  let next = 0;
  let done = 0;
  // Set when one lane fails for good, so that the others stop after the test they are in.
  let ended = false;
  const lane = async (): Promise<void> => {
    while (next < networks.length && !ended) {
      const index = next++;
      const network = networks[index]!;
      try {
        throwIfCancelled(options.signal, 'testing networks');
        records[index] = await testOne(tester, network, options.signal);
      } catch (error) {
        ended = true;
        throw error;
      }
      options.onTested?.(++done, network.source.name);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, tester.concurrency) }, lane));
  return records;
}

async function testOne(tester: Tester, network: NetworkToTest, signal?: AbortSignal): Promise<TestRecord> {
  try {
    return { outcome: await tester.test(network, signal), failure: null };
  } catch (error) {
    if (error instanceof RpgError && error.blame === 'user') return { outcome: null, failure: error.message };
    throw error;
  }
}

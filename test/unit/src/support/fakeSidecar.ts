// A sidecar that answers from a table, by method, and tells of runs as the real one does.
import { followRuns, type FollowRunsParams, type MetricsTail, type RunsEvent } from '../../../../protocol/runs';
import type { RunSummary } from '../../../../protocol/runRecords';
import type { SidecarClient } from '../../../../src/sidecarClient';
import { SidecarError } from '../../../../src/sidecarError';

/** One call of `followRuns` that has not ended. */
export interface Following {
  readonly params: FollowRunsParams;
  readonly signal: AbortSignal;
  readonly tell: (event: RunsEvent) => void;
  readonly fail: (error: unknown) => void;
}

export interface FakeSidecar extends Pick<SidecarClient, 'call'> {
  /** Methods, in the order they were asked. */
  readonly asked: string[];
  /** Every following, the newest last. */
  readonly followings: Following[];
}

/** `begin` is what a following does at first. */
export function fakeSidecar(
  answers: Record<string, (params: never) => unknown>,
  begin: (following: Following) => void = () => {},
): FakeSidecar {
  const asked: string[] = [];
  const followings: Following[] = [];
  const call: SidecarClient['call'] = async (operation, params, { signal, onProgress } = {}) => {
    asked.push(operation.method);
    if (operation.method === followRuns.method)
      return new Promise((resolve, reject) => {
        signal!.addEventListener('abort', () => resolve(null as never)); // the cast: what it resolves to
        const tell = (event: RunsEvent): void => onProgress!(event as never);
        const following = { params: params as FollowRunsParams, signal: signal!, tell, fail: reject };
        followings.push(following);
        queueMicrotask(() => begin(following));
      });
    const answer = answers[operation.method];
    if (!answer) throw new SidecarError('unknown', 'internal', operation.method);
    return answer(params as never) as never; // the casts: the table is made by the test that asks
  };
  return { call, asked, followings };
}

/** Begins as the real one: the first points of every curve after its place, then the list. A line of a curve has 30 bytes. */
export const beginWith =
  (runs: () => RunSummary[], nSteps: () => number = () => 3) =>
  ({ params, tell }: Following): void => {
    params.curves.forEach(({ afterStep }, curve) => {
      const steps = Array.from({ length: nSteps() - afterStep }, (_, i) => afterStep + 1 + i);
      const ones = steps.map(() => 1);
      tell({
        kind: 'points',
        curve,
        tail: tailOf({ steps, loss: ones, learningRate: ones, nextByte: 30 * nSteps() }),
      });
    });
    tell({ kind: 'listed', runs: runs() });
  };

export const tailOf = (change: Partial<MetricsTail> = {}): MetricsTail => ({
  steps: [1, 2, 3],
  loss: [3, 2, 1],
  learningRate: [1, 1, 1],
  nextByte: 90,
  isRestarted: false,
  hasMore: false,
  ...change,
});

export const runOf = (id: string, change: Partial<RunSummary> = {}): RunSummary => ({
  id,
  folder: `/w/.rpg/runs/${id}`,
  status: 'finished',
  name: 'zoo',
  dataset: 'zoo',
  createdAt: '',
  step: 3,
  steps: 3,
  loss: 0.5,
  engine: 'portable',
  device: 'wasm',
  pid: null,
  snapshots: [3],
  problem: null,
  revision: '1',
  ...change,
});

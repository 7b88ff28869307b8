// The stream of runs as the host keeps it up, and what the library makes of it.
import { describe, expect, it } from 'vitest';
import { datasets } from '../../../protocol/datasets';
import type { MetricsTail } from '../../../protocol/runs';
import type { RunSummary } from '../../../protocol/runRecords';
import { SidecarError } from '../../../src/sidecarError';
import { Curve } from '../../../src/state/curve';
import { Library } from '../../../src/state/library';
import { RunFollower, type FollowingEnd } from '../../../src/state/runFollower';
import { beginWith, fakeSidecar, runOf, tailOf, type Following } from './support/fakeSidecar';

const gone = new SidecarError('sidecar-gone', 'internal', 'gone');
const settle = () => new Promise(resolve => setTimeout(resolve, 10));

function followed(begin: (following: Following) => void, hasRecords = () => true) {
  const client = fakeSidecar({ [datasets.method]: () => [] }, begin);
  const follower = new RunFollower({ client, hasRecords });
  const ends: FollowingEnd[] = [];
  follower.onEnd(end => ends.push(end));
  return { client, follower, ends };
}

function curveOf(run: string) {
  const posted: { from: number; steps: readonly number[] }[] = [];
  const curve = new Curve(run, ({ from, steps }) => posted.push({ from, steps }));
  return { curve, posted };
}

describe('the follower', () => {
  it('asks nothing where there are no records', async () => {
    const { client, follower } = followed(
      () => {},
      () => false,
    );
    const told: unknown[] = [];
    follower.onRuns(event => told.push(event));
    await follower.begin();
    expect(client.asked).toEqual([]);
    expect(told).toEqual([{ kind: 'listed', runs: [] }]);
  });

  it('begins again with the places it has reached when other curves are shown, and ends the one before', async () => {
    const { client, follower } = followed(beginWith(() => [runOf('0001-a'), runOf('0002-b')]));
    const [a, b] = [curveOf('0001-a'), curveOf('0002-b')];
    const page = {};
    await follower.show(page, [a.curve]);
    await follower.show(page, [a.curve]); // nothing new
    expect(client.followings).toHaveLength(1);
    client.followings[0]!.tell({
      kind: 'points',
      curve: 0,
      tail: tailOf({ steps: [4], loss: [1], learningRate: [1], nextByte: 120 }),
    });
    await follower.show(page, [b.curve, a.curve]);
    expect(client.followings.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(client.followings[1]!.params.curves).toEqual([
      { run: '0002-b', fromByte: 0, afterStep: 0 },
      { run: '0001-a', fromByte: 120, afterStep: 4 },
    ]);
    expect(a.posted).toEqual([
      { from: 0, steps: [1, 2, 3] },
      { from: 3, steps: [4] },
    ]);
    expect(b.posted).toEqual([{ from: 0, steps: [1, 2, 3] }]);
  });

  it('takes nothing of a following that it ended, and no points of a curve that is no longer shown', async () => {
    const { client, follower } = followed(beginWith(() => [runOf('0001-a')]));
    const { curve, posted } = curveOf('0001-a');
    const [page, other] = [{}, {}];
    await follower.show(page, [curve]);
    await follower.begin();
    const late = tailOf({ steps: [4], nextByte: 120 });
    client.followings[0]!.tell({ kind: 'points', curve: 0, tail: late });
    const hidden = follower.show(page, []);
    client.followings[1]!.tell({ kind: 'points', curve: 0, tail: late });
    await hidden;
    expect(posted).toHaveLength(1);
    expect(client.followings[2]!.params.curves).toEqual([]);
    // The page is shown again: it goes on where it was, beside another that begins.
    const another = curveOf('0001-a');
    await follower.show(page, [curve]);
    await follower.show(other, [another.curve]);
    const last = client.followings.at(-1)!;
    expect(last.params.curves).toEqual([
      { run: '0001-a', fromByte: 90, afterStep: 3 },
      { run: '0001-a', fromByte: 0, afterStep: 0 },
    ]);
    last.tell({ kind: 'points', curve: 0, tail: late });
    expect(posted).toEqual([
      { from: 0, steps: [1, 2, 3] },
      { from: 3, steps: [4] },
    ]);
    expect(another.posted).toEqual([{ from: 0, steps: [1, 2, 3] }]);
  });

  it('joins wishes that come while it begins into one more beginning', async () => {
    const { client, follower } = followed(beginWith(() => []));
    await Promise.all([follower.begin(), follower.begin(), follower.begin()]);
    expect(client.followings).toHaveLength(2);
  });

  it('says when it ends by itself, and begins again with the places it had', async () => {
    const { client, follower, ends } = followed(beginWith(() => [runOf('0001-a')]));
    const { curve } = curveOf('0001-a');
    await follower.show({}, [curve]);
    client.followings[0]!.fail(gone);
    await settle();
    expect(ends).toEqual([{ error: gone, hadBegun: true }]);
    expect(client.followings).toHaveLength(1); // when, is not for it to say
    await follower.begin();
    expect(client.followings[1]!.params.curves).toEqual([{ run: '0001-a', fromByte: 90, afterStep: 3 }]);
  });

  it('that cannot begin says so, and lets nobody wait', async () => {
    const { follower, ends } = followed(({ fail }) => fail(gone));
    await follower.begin();
    expect(ends).toEqual([{ error: gone, hadBegun: false }]);
  });

  it('ends with the window', async () => {
    const { client, follower, ends } = followed(beginWith(() => []));
    await follower.begin();
    follower.dispose();
    await settle();
    expect(client.followings[0]!.signal.aborted).toBe(true);
    await follower.begin();
    expect([client.followings.length, ends]).toEqual([1, []]);
  });
});

describe('a curve', () => {
  it('goes on where it was, and begins again when the file does', () => {
    const { curve, posted } = curveOf('r');
    const places: unknown[] = [];
    const take = (change: Partial<MetricsTail>): void => {
      curve.take(tailOf(change));
      places.push(curve.place);
    };
    take({ hasMore: true });
    take({ steps: [4], loss: [0.5], learningRate: [1], nextByte: 120 });
    take({ steps: [], loss: [], learningRate: [], nextByte: 120 });
    take({ isRestarted: true, steps: [1, 2], loss: [3, 2], learningRate: [1, 1], nextByte: 60 });
    expect(posted).toEqual([
      { from: 0, steps: [1, 2, 3] },
      { from: 3, steps: [4] },
      { from: 0, steps: [1, 2] },
    ]);
    expect(places).toEqual([
      { run: 'r', fromByte: 90, afterStep: 3 },
      { run: 'r', fromByte: 120, afterStep: 4 },
      { run: 'r', fromByte: 120, afterStep: 4 },
      { run: 'r', fromByte: 60, afterStep: 2 },
    ]);
    expect(curve.latest).toEqual({ step: 2, loss: 2 });
  });

  it('without points is posted once, and loses its last point with them', () => {
    const { curve, posted } = curveOf('r');
    const none = { steps: [], loss: [], learningRate: [] };
    curve.take(tailOf({ ...none, nextByte: 0 }));
    curve.take(tailOf({ ...none, nextByte: 0 }));
    expect(posted).toEqual([{ from: 0, steps: [] }]);
    curve.take(tailOf());
    curve.take(tailOf({ ...none, isRestarted: true, nextByte: 0 }));
    expect(posted.at(-1)).toEqual({ from: 0, steps: [] });
    expect(curve.latest).toBeNull();
    expect(curve.place).toEqual({ run: 'r', fromByte: 0, afterStep: 0 });
  });
});

describe('the library', () => {
  function opened(begin: (following: Following) => void, hasRecords = () => true) {
    const { client, follower } = followed(begin, hasRecords);
    const library = new Library({ client, hasRecords, follower });
    const changes: string[] = [];
    library.onChange(change => changes.push(change.kind === 'run' ? change.run : 'all'));
    library.onProgress(run => changes.push(`progress of ${run}`));
    const forget = (): number => (changes.length = 0);
    return { client, follower, library, changes, forget };
  }

  it('asks nothing where there are no records', async () => {
    const { client, library } = opened(
      () => {},
      () => false,
    );
    expect(library.status.kind).toBe('loading');
    await library.refresh();
    expect(library.status.kind).toBe('ready');
    expect(client.asked).toEqual([]);
  });

  it('joins wishes that come while it reads into one more reading', async () => {
    const { client, library } = opened(beginWith(() => [runOf('9999-a'), runOf('10000-b')]));
    await Promise.all([library.refresh(), library.refresh(), library.refresh()]);
    expect(client.asked.filter(method => method === datasets.method)).toHaveLength(2);
    expect(client.followings).toHaveLength(2);
    expect(library.runs.map(({ id }) => id)).toEqual(['10000-b', '9999-a']);
  });

  it('tells progress apart from what a list shows otherwise, and nothing of what did not change', async () => {
    const all = [runOf('0001-a'), runOf('0002-b', { status: 'running' })];
    const { client, library, changes, forget } = opened(beginWith(() => all));
    await library.refresh();
    const { tell } = client.followings[0]!;
    const running = all[1]!;
    const after = (event: Parameters<typeof tell>[0]): string[] => {
      forget();
      tell(event);
      return [...changes];
    };
    expect(after({ kind: 'summary', run: { ...running, step: 4, loss: 0.4 } })).toEqual(['progress of 0002-b']);
    expect(after({ kind: 'summary', run: { ...running, step: 5, loss: 0.3, revision: '2' } })).toEqual(['0002-b']);
    expect(after({ kind: 'summary', run: runOf('0003-c') })).toEqual(['all']);
    expect(library.runs.map(({ id, step }) => `${id} ${step}`)).toEqual(['0003-c 3', '0002-b 5', '0001-a 3']);
    expect(after({ kind: 'removed', run: '0003-c' })).toEqual(['all']);
    all[1] = { ...running, step: 5, loss: 0.3, revision: '2' };
    forget();
    await library.refresh();
    expect(changes).toEqual([]);
    all[1] = { ...all[1], status: 'finished' };
    await library.refresh();
    expect(changes).toEqual(['0002-b']);
  });

  it('keeps what it knew when the sidecar cannot answer, and Retry helps', async () => {
    let isWell = true;
    const well = beginWith(() => [runOf('0001-a')]);
    const { library, changes, forget } = opened(following => (isWell ? well(following) : following.fail(gone)));
    await library.refresh();
    isWell = false;
    await library.refresh();
    expect(library.status).toMatchObject({ kind: 'failed', error: { code: 'sidecar-gone' } });
    expect(library.isBehind).toBe(true);
    expect(library.runs).toHaveLength(1);
    isWell = true;
    forget();
    await library.refresh();
    expect(library.status.kind).toBe('ready');
    expect([library.isBehind, changes.length > 0]).toEqual([false, true]);
  });

  it('has failed with an error of the following itself, and is only behind while the sidecar is started again', async () => {
    const { client, library, changes, forget } = opened(beginWith(() => [runOf('0001-a')]));
    await library.refresh();
    forget();
    client.followings[0]!.fail(gone);
    await settle();
    expect([library.status.kind, library.isBehind, changes.length]).toEqual(['ready', true, 0]);
    await library.refresh();
    expect([library.status.kind, library.isBehind]).toEqual(['ready', false]);
    client.followings[1]!.fail(new SidecarError('file-system', 'user', 'no'));
    await settle();
    expect(library.status).toMatchObject({ kind: 'failed', error: { code: 'file-system' } });
    expect(changes).toEqual(['all']);
    expect(library.runs.map(({ id }: RunSummary) => id)).toEqual(['0001-a']);
  });
});

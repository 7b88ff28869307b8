import { appendFileSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { logEvent, readEvents } from '../../../sidecar/runs/eventLog';
import { temporaryFolder } from '../../support/folders';

const at = new Date('2026-11-28T03:09:20.000Z');

describe('the log of a run', () => {
  it('has the bytes it always had: time, event, facts in their order', () => {
    const folder = temporaryFolder();
    const memory = { bytes: 115376, peakBytes: 153648 };
    logEvent(folder, { event: 'snapshot', step: 10, loss: 0.5, stepsPerSecond: null, ...memory }, at);
    logEvent(folder, { event: 'stopped', step: 16, by: 'signal' }, at);
    expect(readFileSync(path.join(folder, 'log.jsonl'), 'utf8')).toBe(
      `{"time":"2026-11-28T03:09:20.000Z","event":"snapshot","step":10,"loss":0.5,"stepsPerSecond":null,"bytes":115376,"peakBytes":153648}
{"time":"2026-11-28T03:09:20.000Z","event":"stopped","step":16,"by":"signal"}
`,
    );
  });

  it('is read without torn, foreign and newer lines, and with null for facts that are missing or of another type', () => {
    const folder = temporaryFolder();
    const lines = [
      '{"time":"t","event":"snapshot","step":10,"stepsPerSecond":"fast"}',
      '{"time":"t","event":"pruned","step":10}',
      '{"event":"snapshot","step":11}',
      '{"time":"t","event":"snapshots-damaged","steps":[3,"five"]}',
      'null',
      '7',
      '{"time":"t","event":"sna',
    ];
    appendFileSync(path.join(folder, 'log.jsonl'), lines.join('\n'));
    expect(readEvents(folder, 'snapshot', 'snapshots-damaged')).toEqual([
      { time: 't', event: 'snapshot', step: 10, loss: null, stepsPerSecond: null, bytes: null, peakBytes: null },
      { time: 't', event: 'snapshots-damaged', steps: null },
    ]);
  });

  it('is empty where there is none', () => {
    expect(readEvents(temporaryFolder(), 'snapshot')).toEqual([]);
  });
});

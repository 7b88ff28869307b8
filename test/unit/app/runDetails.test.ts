import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { runDetails } from '../../../sidecar/app/runs/runDetails';
import { temporaryFolder } from '../../support/folders';
import { atOnce } from '../../../sidecar/app/context';

it('counts the time spent training, not what lies between trainings or comes after', async () => {
  const workspace = temporaryFolder();
  const folder = path.join(workspace, '.rpg', 'runs', '0001-zoo');
  mkdirSync(folder, { recursive: true });
  // Killed after its snapshot, resumed later; generated from and judged once it was finished.
  const events = ['0 started', '2 snapshot', '50 generated', '100 snapshots-damaged', '101 resumed', '104 finished'];
  const lines = [...events, '300 generated', '400 evaluated'].map(line => {
    const [second, event] = line.split(' ');
    return JSON.stringify({ time: new Date(1000 * Number(second)).toISOString(), event });
  });
  writeFileSync(path.join(folder, 'log.jsonl'), `${lines.join('\n')}\n{"time": "torn`);
  const context = { signal: new AbortController().signal, report: () => undefined, onDevice: atOnce, workspace };
  const { resources } = await runDetails({ run: '0001-zoo' }, context);
  expect(resources.elapsedMs).toBe(2000 + 3000);
});

import { appendFileSync, mkdirSync } from 'node:fs';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { runDetails } from '../../../sidecar/app/runs/runDetails';
import { logEvent } from '../../../sidecar/runs/eventLog';
import { temporaryFolder } from '../../support/folders';
import { atOnce } from '../../../sidecar/app/context';

it('counts the time spent training, not what lies between trainings or comes after', async () => {
  const workspace = temporaryFolder();
  const folder = path.join(workspace, '.rpg', 'runs', '0001-zoo');
  mkdirSync(folder, { recursive: true });
  const log = path.join(folder, 'log.jsonl');
  // Killed after its snapshot, resumed later; generated from and judged once it was finished.
  const events = ['0 started', '2 snapshot', '50 generated', '100 snapshots-damaged', '101 resumed', '104 finished'];
  for (const [second, event] of [...events, '300 generated', '400 evaluated'].map(line => line.split(' ')))
    logEvent(log, event!, {}, new Date(1000 * Number(second)));
  appendFileSync(log, '{"time": "torn');
  const context = { signal: new AbortController().signal, report: () => undefined, onDevice: atOnce, workspace };
  const { resources } = await runDetails({ run: '0001-zoo' }, context);
  expect(resources.elapsedMs).toBe(2000 + 3000);
});

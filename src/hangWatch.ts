// Notices a sidecar that lives and does not answer, while something is asked of it. A long step is not a hang: the person is
// asked, nothing is killed by itself.
import * as vscode from 'vscode';
import type { SidecarClient } from './sidecarClient';
import type { SidecarProcess } from './sidecarProcess';
import type { Jobs } from './state/jobs';
import { runCommand } from './runCommand';

const usualTimes = { askEveryMs: 30_000, answerLimitMs: 20_000 };

export function watchForHangs(
  client: SidecarClient,
  sidecar: SidecarProcess,
  jobs: Jobs,
  { askEveryMs, answerLimitMs } = usualTimes,
): vscode.Disposable {
  let isAsking = false;
  const ask = async (): Promise<void> => {
    if (isAsking || sidecar.state.kind !== 'ready' || jobs.all.length === 0) return;
    isAsking = true;
    try {
      if (await client.isAnswering(answerLimitMs)) return;
      const message = `The sidecar has not answered for ${answerLimitMs / 1000} s. It may be in a long step.`;
      const chosen = await vscode.window.showWarningMessage(message, 'Wait', 'Restart Sidecar', 'Show Log');
      if (chosen === 'Restart Sidecar') await runCommand('rpg.restartSidecar');
      if (chosen === 'Show Log') await runCommand('rpg.showLog');
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void ask(), askEveryMs);
  return new vscode.Disposable(() => clearInterval(timer));
}

// A run in one line, and in a few.
import type { RunSummary } from '../../protocol/runRecords';
import { formatCount, formatLoss, roughDuration } from '../../shared/words';
import type { JobTraining } from '../state/jobs';

/** `step 120 of 2,000 · loss 0.31 · 3 min left` while it trains; otherwise what it is. */
export function runLine(run: RunSummary, training: JobTraining | null): string {
  const { loss } = run;
  const steps = `step ${formatCount(run.step)} of ${formatCount(run.steps)}`;
  switch (run.status) {
    case 'running': {
      const remainingMs = training?.remainingMs ?? null;
      const left = remainingMs === null ? '' : ` · ${roughDuration(remainingMs)} left`;
      const phase =
        training && training.phase !== 'training' && training.message !== '' ? ` · ${training.message}` : '';
      return `${steps} · loss ${formatLoss(loss)}${left}${phase}`;
    }
    case 'finished':
      return `finished · loss ${formatLoss(loss)}`;
    case 'interrupted':
    case 'stopped':
      return `${run.status} at ${steps} · resume to go on`;
    case 'failed':
      return `failed at ${steps}`;
    case 'unreadable':
      return 'cannot be read';
    default:
      return run.status satisfies never;
  }
}

export function runTooltip(run: RunSummary): string {
  const lines = [`${run.id}: ${run.status}`];
  if (run.problem !== null) lines.push(run.problem);
  if (run.status === 'unreadable') return lines.join('\n');
  lines.push(`dataset ${run.dataset}, on ${run.engine}/${run.device}`);
  lines.push(`step ${formatCount(run.step)} of ${formatCount(run.steps)}, loss ${formatLoss(run.loss)}`);
  if (run.pid !== null) lines.push(`trained by process ${run.pid}`);
  return lines.join('\n');
}

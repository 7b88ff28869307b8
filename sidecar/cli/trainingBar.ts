// Training on a terminal: a bar with loss, steps a second and the time left. Into a pipe or file: a line now and then.
import { SingleBar } from 'cli-progress';
import type { TrainProgress } from '../../protocol/training';
import { printable } from '../checkpoint/errors';
import { formatDuration, formatNumber } from '../../shared/words';

export interface TrainingBar {
  readonly update: (progress: TrainProgress) => void;
  readonly stop: () => void;
}

const lineEveryMs = 10_000;

export function createTrainingBar(options: { json: boolean; note: (line: string) => void }): TrainingBar {
  if (options.json) return { update: () => {}, stop: () => {} };
  return process.stderr.isTTY ? terminalBar() : plainLines(options.note);
}

function terminalBar(): TrainingBar {
  const bar = new SingleBar({
    format: '{run} {bar} {value}/{total}  loss {loss}  {speed} steps/s  {left} left  {message}',
    stream: process.stderr,
    hideCursor: true,
    barsize: 20,
    fps: 10,
  });
  let isShown = false;
  return {
    update(progress) {
      const { run, step, steps, loss, stepsPerSecond, remainingMs, message } = progress;
      if (!isShown && progress.phase === 'preparing') {
        process.stderr.write(`\u001b[2K\r${printable(message).slice(0, (process.stderr.columns || 80) - 1)}`);
        return;
      }
      const shown = {
        run,
        loss: formatNumber(loss),
        speed: stepsPerSecond === null ? '–' : formatNumber(stepsPerSecond),
        left: formatDuration(remainingMs),
        message: printable(message).slice(-40),
      };
      if (!isShown) {
        process.stderr.write('\u001b[2K\r');
        bar.start(steps, step, shown);
      }
      isShown = true;
      bar.update(step, shown);
    },
    stop() {
      if (isShown) bar.stop();
      else process.stderr.write('\u001b[2K\r');
    },
  };
}

function plainLines(note: (line: string) => void): TrainingBar {
  let writtenAt = -Infinity;
  let said = '';
  return {
    update({ run, phase, step, steps, loss, stepsPerSecond, remainingMs, message }) {
      if (phase !== 'training') {
        // Once a message: measuring fifty files would be fifty lines.
        const kind = message.split(' ')[0]!;
        if (phase === 'preparing' && kind !== said) note(printable(message));
        said = kind;
        return;
      }
      const now = performance.now();
      if (now - writtenAt < lineEveryMs && step < steps) return;
      writtenAt = now;
      const speed =
        stepsPerSecond === null ? '' : `, ${formatNumber(stepsPerSecond)} steps/s, ${formatDuration(remainingMs)} left`;
      note(`${run}: step ${step} of ${steps}, loss ${formatNumber(loss)}${speed}`);
    },
    stop: () => {},
  };
}

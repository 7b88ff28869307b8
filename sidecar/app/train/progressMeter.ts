// Steps per second and time left, from the last seconds of training, without the time snapshots take; reported at most ten times
// a second.
import type { TrainProgress } from '../../../protocol/training';

const reportEveryMs = 100;
/** Long enough to even out what else the machine does, short enough to follow a slower one. */
const windowMs = 10_000;

export interface ProgressMeter {
  step(event: { step: number; loss: number; learningRate: number }): void;
  phase(phase: TrainProgress['phase'], message: string): void;
  /** Reports `saving` and does the work, which is no part of the speed. */
  saving<R>(message: string, work: () => Promise<R>): Promise<R>;
  /** Null before the second step. */
  stepsPerSecond(): number | null;
}

export function createProgressMeter(
  run: string,
  steps: number,
  startStep: number,
  report: (progress: TrainProgress) => void,
  now: () => number = () => performance.now(),
): ProgressMeter {
  let history: { step: number; at: number }[] = [{ step: startStep, at: now() }];
  let reportedAt = -Infinity;
  let last = { step: startStep, loss: null as number | null, learningRate: null as number | null };
  const stepsPerSecond = (): number | null => {
    const [first, latest] = [history[0]!, history.at(-1)!];
    return latest.at > first.at ? (1000 * (latest.step - first.step)) / (latest.at - first.at) : null;
  };
  const send = (phase: TrainProgress['phase'], message: string): void => {
    const speed = stepsPerSecond();
    const remainingMs = speed === null ? null : (1000 * (steps - last.step)) / speed;
    report({ run, phase, message, ...last, steps, stepsPerSecond: speed, remainingMs });
  };
  return {
    step(event) {
      const at = now();
      last = { step: event.step, loss: event.loss, learningRate: event.learningRate };
      // Reports are what the window is made of: ten a second are enough.
      if (at - reportedAt < reportEveryMs && event.step < steps) return;
      reportedAt = at;
      history.push({ step: event.step, at });
      const recent = history.findIndex(entry => at - entry.at <= windowMs);
      if (recent > 1) history = history.slice(recent - 1);
      send('training', '');
    },
    phase: send,
    async saving(message, work) {
      send('saving', message);
      const began = now();
      try {
        return await work();
      } finally {
        const pause = now() - began;
        history = history.map(({ step, at }) => ({ step, at: at + pause }));
      }
    },
    stepsPerSecond,
  };
}

// One piece of work at a time on each device, in the order asked. Work on different devices runs side by side. A piece that
// is cancelled while it waits never starts.
import { cancelledError } from '../util/rpgError';

export interface QueuedWork<T> {
  /** For the message of whoever waits behind it. */
  readonly title: string;
  readonly signal: AbortSignal;
  /** Called once, with the title of the work in front, when it cannot start at once. */
  readonly onWait: (before: string) => void;
  readonly work: () => Promise<T>;
}

export class DeviceQueue {
  readonly #last = new Map<string, { title: string; ended: Promise<void> }>();

  /** *Errors* `cancelled` while waiting; those of the work. */
  async run<T>(device: string, { title, signal, onWait, work }: QueuedWork<T>): Promise<T> {
    const before = this.#last.get(device);
    let end = (): void => {};
    const own = new Promise<void>(resolve => (end = resolve));
    const entry = { title, ended: Promise.all([before?.ended, own]).then(() => {}) };
    this.#last.set(device, entry);
    try {
      if (before) {
        onWait(before.title);
        await untilEndedOrAborted(before.ended, signal);
      }
      if (signal.aborted) throw cancelledError(title);
      return await work();
    } finally {
      end();
      void entry.ended.then(() => {
        if (this.#last.get(device) === entry) this.#last.delete(device);
      });
    }
  }
}

function untilEndedOrAborted(ended: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    void ended.then(resolve);
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

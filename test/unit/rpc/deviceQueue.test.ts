import { describe, expect, it } from 'vitest';
import { DeviceQueue, type QueuedWork } from '../../../sidecar/rpc/deviceQueue';

function work(title: string, order: string[], options: Partial<QueuedWork<string>> = {}): QueuedWork<string> {
  return {
    title,
    signal: new AbortController().signal,
    onWait: before => order.push(`${title} waits for ${before}`),
    work: async () => {
      order.push(`${title} begins`);
      await new Promise(resolve => setTimeout(resolve, 5));
      order.push(`${title} ends`);
      return title;
    },
    ...options,
  };
}

describe('a device queue', () => {
  it('runs work on one device in the order asked, and tells who waits for whom', async () => {
    const [queue, order] = [new DeviceQueue(), [] as string[]];
    const titles = await Promise.all(['a', 'b', 'c'].map(title => queue.run('cuda/0', work(title, order))));
    expect(titles).toEqual(['a', 'b', 'c']);
    expect(order.filter(entry => !entry.includes('waits'))).toEqual(
      ['a', 'b', 'c'].flatMap(title => [`${title} begins`, `${title} ends`]),
    );
    expect(order.filter(entry => entry.includes('waits'))).toEqual(['b waits for a', 'c waits for b']);
  });

  it('runs work on different devices side by side', async () => {
    const [queue, order] = [new DeviceQueue(), [] as string[]];
    await Promise.all([queue.run('cuda/0', work('a', order)), queue.run('cuda/1', work('b', order))]);
    expect(order.slice(0, 2)).toEqual(['a begins', 'b begins']);
  });

  it('never starts what is cancelled while it waits, and goes on behind it', async () => {
    const [queue, order] = [new DeviceQueue(), [] as string[]];
    const controller = new AbortController();
    const first = queue.run('d', work('a', order));
    const second = queue.run('d', work('b', order, { signal: controller.signal }));
    const third = queue.run('d', work('c', order));
    controller.abort();
    await expect(second).rejects.toMatchObject({ blame: 'cancelled' });
    await Promise.all([first, third]);
    expect(order).not.toContain('b begins');
    expect(order.indexOf('c begins')).toBeGreaterThan(order.indexOf('a ends'));
  });

  it('goes on after work that failed', async () => {
    const [queue, order] = [new DeviceQueue(), [] as string[]];
    const failing = queue.run('d', work('a', order, { work: () => Promise.reject(new Error('no')) }));
    const next = queue.run('d', work('b', order));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('b');
  });
});

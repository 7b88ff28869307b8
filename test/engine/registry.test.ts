import { describe, expect, it } from 'vitest';
import { listDevices, selectDevice } from '../../sidecar/engine/registry';

describe('selectDevice', () => {
  it('names every other device with the reason it was not chosen', async () => {
    const { device, passedOver } = await selectDevice({ engine: 'auto', device: 'auto' });
    const all = (await listDevices()).map(d => `${d.engine}/${d.device}`);
    expect([`${device.engine}/${device.device}`, ...passedOver.map(p => `${p.engine}/${p.device}`)].sort()).toEqual(
      all.sort(),
    );
    expect(passedOver.every(p => p.reason.length > 0)).toBe(true);
  });

  it('takes the one that was asked for', async () => {
    expect((await selectDevice({ engine: 'portable', device: 'cpu' })).device.device).toBe('cpu');
  });

  it('says what there is when asked for what there is not', async () => {
    await expect(selectDevice({ engine: 'portable', device: 'abacus' })).rejects.toThrow(
      /no device portable\/abacus.*portable\/wasm/,
    );
  });

  it('probes never throw, and an unavailable device says why', async () => {
    for (const device of await listDevices()) {
      const probe = await device.probe();
      expect(probe.kind === 'available' ? probe.device : probe.reason).not.toBe('');
    }
  });
});

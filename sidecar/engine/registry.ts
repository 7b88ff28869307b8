// Every device of every engine, best first: 'auto' takes the first that is available and says why the ones before it are not.
import { userError } from '../util/rpgError';
import type { EngineDevice, Probe } from './engine';
import { cudaDevices } from './cuda/cudaDevices';
import { cpuDevice } from './portable/devices/cpu';
import { nativeDevice } from './portable/devices/native';
import { tensorflowDevice } from './portable/devices/tensorflow';
import { wasmDevice } from './portable/devices/wasm';
import { webgpuDevice } from './portable/devices/webgpu';

/**
 * In order of preference: NVIDIA cards, what the user installed for speed, then the processor (by its own
 * instructions before WebAssembly). webgpu comes after wasm because every
 * operation costs it about 50 µs: small models run faster on wasm, and wide ones are for cards with CUDA. cpu is for tests.
 */
export async function listDevices(): Promise<readonly EngineDevice[]> {
  return [...(await cudaDevices()), tensorflowDevice, nativeDevice, wasmDevice, webgpuDevice, cpuDevice];
}

/** A device that runs, and what was found on the way to it. */
export interface Selection {
  device: EngineDevice;
  probe: Extract<Probe, { kind: 'available' }>;
  /** The other devices that match, each with the reason it is not the one: unavailable, or less preferred (not probed). */
  passedOver: { engine: string; device: string; reason: string; isUnavailable: boolean }[];
}

/**
 * The first available device that matches and that nothing speaks against; 'auto' matches everything.
 * *Errors* user: nothing matches, or what matches is unavailable, with every reason.
 */
export async function selectDevice(
  wanted: { engine: string; device: string },
  refusal: (device: EngineDevice) => string | null = () => null,
  among?: readonly EngineDevice[],
): Promise<Selection> {
  const devices = among ?? (await listDevices());
  const matching = devices.filter(
    ({ engine, device }) =>
      (wanted.engine === 'auto' || wanted.engine === engine) && (wanted.device === 'auto' || wanted.device === device),
  );
  if (matching.length === 0) throw unknownDevice(wanted, devices);
  const passedOver: Selection['passedOver'] = [];
  for (const [rank, device] of matching.entries()) {
    const probe = await device.probe();
    const refused = probe.kind === 'available' ? refusal(device) : probe.reason;
    if (probe.kind === 'available' && refused === null) {
      const reason = `less preferred than ${device.engine}/${device.device}`;
      const rest = matching
        .slice(rank + 1)
        .map(other => ({ engine: other.engine, device: other.device, reason, isUnavailable: false }));
      return { device, probe, passedOver: [...passedOver, ...rest] };
    }
    passedOver.push({ engine: device.engine, device: device.device, reason: refused!, isUnavailable: true });
  }
  throw noDevice(wanted, passedOver);
}

function unknownDevice(wanted: { engine: string; device: string }, devices: readonly EngineDevice[]) {
  const known = devices.map(({ engine, device }) => `${engine}/${device}`).join(', ');
  return userError(
    'unknown-device',
    `there is no device ${wanted.engine}/${wanted.device}; choose auto or one of ${known}`,
    wanted,
  );
}

function noDevice(wanted: { engine: string; device: string }, passedOver: Selection['passedOver']) {
  const reasons = passedOver.map(({ engine, device, reason }) => `${engine}/${device}: ${reason}`).join('; ');
  return userError('device-unavailable', `${wanted.engine}/${wanted.device} cannot be used here: ${reasons}`, {
    ...wanted,
    passedOver,
  });
}

// Which device a run gets, and why: the reasons are kept with the run.
import { availableParallelism } from 'node:os';
import type { DeviceChoice } from '../../../protocol/training';
import type { RunEngine } from '../../../protocol/runRecords';
import type { EngineFacts } from '../../config/resolveConfig';
import type { EngineDevice, Probe } from '../../engine/engine';
import { listDevices, selectDevice } from '../../engine/registry';
import type { OperationContext } from '../context';

export interface ChosenDevice {
  readonly device: EngineDevice;
  readonly probe: Extract<Probe, { kind: 'available' }>;
  readonly reasons: readonly string[];
  /** Of those, what people should read: better devices that something is missing for, and what this one does without. */
  readonly remarks: readonly string[];
}

/** What a device is wanted for, where it is known already. */
interface WantedModel {
  /** Why a device cannot run it, or null. */
  refuses(device: EngineDevice): string | null;
}

/** Best first: those of the context, else of this machine. */
export async function devicesOf({ devices }: Pick<OperationContext, 'devices'>): Promise<readonly EngineDevice[]> {
  return devices ?? listDevices();
}

/** Of the context's devices. *Errors* `unknown-device`, `device-unavailable`, with every reason. */
export async function chooseDevice(
  choice: DeviceChoice,
  context: Pick<OperationContext, 'devices'>,
  model?: WantedModel,
): Promise<ChosenDevice> {
  const wanted = { engine: choice.engine ?? 'auto', device: choice.device ?? 'auto' };
  const refusal = (each: EngineDevice): string | null => model?.refuses(each) ?? null;
  const { device, probe, passedOver } = await selectDevice(wanted, refusal, await devicesOf(context));
  const asked = wanted.engine === 'auto' && wanted.device === 'auto' ? 'the first that is available' : 'as asked';
  const toText = (other: (typeof passedOver)[number]) => `not ${other.engine}/${other.device}: ${other.reason}`;
  return {
    device,
    probe,
    remarks: [...passedOver.filter(other => other.isUnavailable).map(toText), ...probe.notes],
    reasons: [`${device.engine}/${device.device}: ${asked}`, ...passedOver.map(toText), ...probe.notes],
  };
}

/** What run.json says of it. */
export function runEngine({ device, reasons }: ChosenDevice, description: string): RunEngine {
  return { engine: device.engine, device: device.device, description, reasons };
}

/** What a configuration may ask of a device's engine. */
export function engineFacts({ engine, facts }: EngineDevice): EngineFacts {
  const { fastPrecision, precisions, optimizerStates } = facts;
  return { name: engine, fastPrecision, precisions, optimizerStates };
}

/** How many data-parallel workers a run gets when nobody says: it becomes part of the run's identity. */
export function defaultWorkers({ facts }: EngineDevice, batchSize: number): number {
  return facts.workersPerCore ? Math.max(1, Math.min(availableParallelism(), batchSize)) : 1;
}

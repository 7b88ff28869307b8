// What this machine has: devices, programs, room.
import { operation, type Progress } from './operation';

export interface DeviceReport {
  engine: string;
  device: string;
  title: string;
  kind: 'processor' | 'card';
  isAvailable: boolean;
  /** What it is when available, else what is missing and what would mend it. */
  description: string;
  memoryBytes: number | null;
  notes: string[];
}

/** Every device of every engine, best first. */
export const devices = operation<Record<string, never>, DeviceReport[]>('devices');

/** One thing the product can use, and whether it is there. */
export interface SetUpItem {
  id: 'device' | 'python' | 'torch' | 'dataset' | 'test' | 'disk';
  title: string;
  state: 'ok' | 'missing' | 'unknown';
  /** What was found, or what is missing and what would mend it. */
  detail: string;
  /** What an editor can offer to do about it. */
  fix: SetUpFix | null;
}

export type SetUpFix =
  | { kind: 'choosePython' }
  | { kind: 'chooseDevice' }
  /** To be typed into a terminal, for the person to run. */
  | { kind: 'terminal'; command: string }
  | { kind: 'locateDataset'; dataset: string }
  | { kind: 'setTest'; dataset: string };

/** Devices, Python, PyTorch, datasets, their tests, and room on the disk. Python is run only where the workspace is trusted. */
export const checkSetUp = operation<{ python: string; isTrusted: boolean }, SetUpItem[], Progress>('checkSetUp');

// What this machine has: devices, programs, room.
import { described, operation, type Progress } from './operation';
import type { Report } from './report';

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
export const devices = described(operation<Record<string, never>, DeviceReport[]>('devices'), {
  activity: 'Looking',
  cli: { name: 'devices', description: 'list where training and sampling can run, or why not' },
  editor: {
    command: 'rpg.chooseDevice',
    title: 'Choose Device',
    icon: '$(chip)',
    menus: [{ menu: 'view/title', when: 'view == rpg.runs', group: '2_setup' }],
  },
  report: devicesReport,
});

function devicesReport(list: readonly DeviceReport[]): Report {
  const columns = [{ title: 'engine' }, { title: 'device' }, { title: 'state' }, { title: '' }];
  const rows = list.map(({ engine, device, isAvailable, description, notes }) => [
    engine,
    device,
    isAvailable ? 'available' : 'not available',
    [description, ...notes].join('; '),
  ]);
  return { title: 'Devices', tables: [{ columns, rows }] };
}

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
export const checkSetUp = described(
  operation<{ python: string; isTrusted: boolean }, SetUpItem[], Progress>('checkSetUp'),
  {
    activity: 'Checking',
    editor: {
      command: 'rpg.checkSetUp',
      title: 'Check Set-up',
      icon: '$(tools)',
      menus: [{ menu: 'view/title', when: 'view == rpg.datasets', group: '2_setup' }],
    },
  },
);

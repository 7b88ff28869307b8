// The settings, typed, one property each, read anew every time. Their words, units and ranges are in package.json.
import * as vscode from 'vscode';
import type { DeviceChoice } from '../protocol/training';

export interface Settings {
  /** Null: the editor's own Node. */
  readonly nodePath: string | null;
  readonly pythonPath: string;
  readonly device: DeviceChoice;
  readonly workers: number | undefined;
  readonly generateCount: number;
  readonly generateSampler: 'ddim' | 'ddpm';
  readonly generateSteps: number;
  readonly evaluation: {
    timeLimitSeconds: number;
    concurrency: number;
    networksPerBaseline: number;
    midpoints: number;
    /** Undefined: the built-in one. */
    accuracyPattern: string | undefined;
  };
  /** Larger checkpoints wait for a click before their statistics are read. */
  readonly statisticsLimitBytes: number;
  readonly notifyWhenDone: boolean;
}

export function readSettings(): Settings {
  const rpg = vscode.workspace.getConfiguration('rpg');
  const text = (key: string): string => rpg.get<string>(key, '').trim();
  const workers = rpg.get<number>('train.workers', 0);
  return {
    nodePath: text('nodePath') || null,
    pythonPath: text('pythonPath') || 'python3',
    device: parseDevice(text('device')),
    workers: workers > 0 ? workers : undefined,
    generateCount: rpg.get('generate.count', 10),
    generateSampler: rpg.get('generate.sampler', 'ddim'),
    generateSteps: rpg.get('generate.steps', 60),
    evaluation: {
      timeLimitSeconds: rpg.get('evaluate.timeLimitSeconds', 600),
      concurrency: rpg.get('evaluate.concurrency', 2),
      networksPerBaseline: rpg.get('evaluate.networksPerBaseline', 10),
      midpoints: rpg.get('evaluate.midpoints', 10),
      accuracyPattern: text('evaluate.accuracyPattern') || undefined,
    },
    statisticsLimitBytes: 1e6 * rpg.get('checkpoint.statisticsLimitMegabytes', 200),
    notifyWhenDone: rpg.get('notifyWhenDone', true),
  };
}

/** Where a new value takes effect: a workspace that has one of its own is stronger than the person's. */
export function targetOf(configuration: vscode.WorkspaceConfiguration, key: string): vscode.ConfigurationTarget {
  return configuration.inspect(key)?.workspaceValue === undefined
    ? vscode.ConfigurationTarget.Global
    : vscode.ConfigurationTarget.Workspace;
}

/** `auto`, `cuda` or `portable/wasm`. */
export function parseDevice(text: string): DeviceChoice {
  if (text === '' || text === 'auto') return {};
  const [engine, device] = text.split('/');
  return { engine, device };
}

export const deviceSetting = ({ engine, device }: { engine: string; device: string }): string => `${engine}/${device}`;

// The names inside a run folder. No other folder may import this (dependency-cruiser.cjs): who needs something of a run asks
// the module here that owns it.
import { existsSync } from 'node:fs';
import * as path from 'node:path';

export const runFiles = {
  record: 'run.json',
  metrics: 'metrics.jsonl',
  log: 'log.jsonl',
  weights: 'weights.pth',
  samples: 'samples',
  evaluations: 'evaluations',
  snapshots: 'state',
} as const;

/** `step-00000500`, of a snapshot, its test and the networks of its test. */
export const stepName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** The step of such a name, or null. */
export function stepOf(name: string): number | null {
  const digits = /^step-(\d{8,})$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** What there is for people to open, in the order shown. */
export function existingFiles(folder: string): { path: string; title: string; kind: 'file' | 'folder' }[] {
  const all = [
    { name: runFiles.record, title: 'Configuration and record', kind: 'file' },
    { name: runFiles.metrics, title: 'Metrics, one line a step', kind: 'file' },
    { name: runFiles.log, title: 'Log of the run', kind: 'file' },
    { name: runFiles.weights, title: 'Weights', kind: 'file' },
    { name: runFiles.samples, title: 'Generated networks', kind: 'folder' },
    { name: runFiles.evaluations, title: 'Evaluations', kind: 'folder' },
    { name: '.', title: 'Folder of the run', kind: 'folder' },
  ] as const;
  return all
    .map(({ name, title, kind }) => ({ path: path.join(folder, name), title, kind }))
    .filter(file => existsSync(file.path));
}

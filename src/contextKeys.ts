// What menus and enablement conditions in package.json may ask.
import * as vscode from 'vscode';
import type { OwnContextKey } from '../protocol/editor';
import type { Jobs } from './state/jobs';
import type { Library } from './state/library';
import { runCommand } from './runCommand';

export function publishContextKeys(library: Library, jobs: Jobs): vscode.Disposable {
  const published = new Map<string, boolean>();
  const set = (key: OwnContextKey, value: boolean): void => {
    if (published.get(key) === value) return;
    published.set(key, value);
    void runCommand('setContext', `rpg.${key}`, value);
  };
  const publish = (): void => {
    const { runs, datasets, status } = library;
    set('isLoaded', status.kind !== 'loading');
    set('hasFailed', status.kind === 'failed');
    set('hasDatasets', datasets.length > 0);
    set(
      'hasMissingDataset',
      datasets.some(dataset => dataset.state === 'missing'),
    );
    set('hasRuns', runs.length > 0);
    set('hasSeveralRuns', runs.length > 1);
    set('hasRunning', runs.some(run => run.status === 'running') || jobs.all.some(job => job.training !== null));
    set(
      'hasResumable',
      runs.some(run => ['stopped', 'interrupted', 'failed'].includes(run.status)),
    );
    set(
      'hasSnapshot',
      runs.some(run => run.snapshots.length > 0),
    );
  };
  const subscriptions = [library.onChange(publish), jobs.onChange(publish)];
  publish();
  return new vscode.Disposable(() => subscriptions.forEach(subscription => subscription.dispose()));
}

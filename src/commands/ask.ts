// The questions several commands ask: which run, which dataset, a text, a number. What cannot be chosen is listed with the
// reason rather than left out. Undefined means that the person turned away.
import * as vscode from 'vscode';
import type { DictionaryRecord } from '../../protocol/checkpoints';
import type { DatasetSummary } from '../../protocol/datasets';
import type { RunSummary } from '../../protocol/runRecords';
import { SidecarError } from '../sidecarError';
import { formatBytes, formatCount, formatLoss, plural } from '../../shared/words';
import type { CommandContext } from './command';

export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
  /** Why it cannot be chosen, or null. */
  readonly reason: string | null;
}

/** A quick pick whose unavailable entries say why and stay open. */
export async function choose<T>(
  title: string,
  placeholder: string,
  choices: readonly Choice<T>[] | Promise<readonly Choice<T>[]>,
  /** Asked once the choices are there. */
  placeholderThen: () => string = () => placeholder,
): Promise<T | undefined> {
  const pick = vscode.window.createQuickPick<Choice<T>>();
  pick.title = title;
  pick.placeholder = placeholder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.busy = true;
  pick.show();
  try {
    const accepted = new Promise<T | undefined>(resolve => {
      pick.onDidHide(() => resolve(undefined));
      pick.onDidAccept(() => {
        const [chosen] = pick.selectedItems;
        if (!chosen) return;
        if (chosen.reason === null) resolve(chosen.value);
        else void vscode.window.showWarningMessage(`${plain(chosen.label)}: ${chosen.reason}`);
      });
    });
    pick.items = (await choices).map(choice =>
      choice.reason === null
        ? choice
        : { ...choice, label: `$(circle-slash) ${plain(choice.label)}`, detail: choice.reason, alwaysShow: false },
    );
    pick.placeholder = placeholderThen();
    pick.busy = false;
    return await accepted;
  } finally {
    pick.dispose();
  }
}

const plain = (label: string): string => label.replace(/^\$\([a-z-]+\)\s*/, '');

/** The run given, or one chosen. `blocked` says why a run is not to be had. *Errors* `no-runs`, `run-blocked`. */
export async function askRun(
  { library }: CommandContext,
  title: string,
  given: string | undefined,
  blocked: (run: RunSummary) => string | null,
): Promise<RunSummary | undefined> {
  await library.refresh();
  const { runs } = library;
  if (given !== undefined) {
    const run = library.findRun(given);
    if (!run) throw new SidecarError('run-not-found', 'user', `there is no run ${given} in this workspace`);
    const reason = blocked(run);
    if (reason !== null) throw new SidecarError('run-blocked', 'user', `${run.id}: ${reason}`);
    return run;
  }
  if (runs.length === 0)
    throw new SidecarError('no-runs', 'user', 'there are no runs in this workspace yet; start one with RPG: Train');
  const usable = runs.filter(run => blocked(run) === null);
  if (usable.length === 0)
    throw new SidecarError(
      'run-blocked',
      'user',
      `none of the ${runs.length} runs will do: ${runs[0]!.id}: ${blocked(runs[0]!)!}`,
    );
  const choices = [...usable, ...runs.filter(run => blocked(run) !== null)].map(run => ({
    label: `$(${runIcon(run)}) ${run.id}`,
    description: `${run.status} · step ${formatCount(run.step)} of ${formatCount(run.steps)} · loss ${formatLoss(run.loss)}`,
    detail: `${run.dataset} on ${run.engine}/${run.device}`,
    value: run,
    reason: blocked(run),
  }));
  return choose(title, 'Which run?', choices);
}

export function runIcon({ status }: RunSummary): string {
  switch (status) {
    case 'running':
      return 'sync~spin';
    case 'finished':
      return 'pass';
    case 'failed':
      return 'error';
    case 'stopped':
      return 'debug-stop';
    case 'interrupted':
      return 'debug-pause';
    case 'unreadable':
      return 'question';
    default:
      return status satisfies never;
  }
}

/** Why a dataset cannot be worked with, or null. */
export const missingFolder = ({ state, path: folder }: DatasetSummary): string | null =>
  state === 'missing' ? `its folder is gone: ${folder}; put it back, or find it with RPG: Locate Dataset` : null;

/** The dataset given, or one chosen. *Errors* `no-datasets`, `no-dataset`, `dataset-missing`, `dataset-blocked`. */
export async function askDataset(
  { library }: CommandContext,
  title: string,
  given: string | undefined,
  blocked: (dataset: DatasetSummary) => string | null,
): Promise<DatasetSummary | undefined> {
  await library.refresh();
  const { datasets } = library;
  if (given !== undefined) {
    const dataset = datasets.find(({ name }) => name === given);
    if (!dataset) throw new SidecarError('no-dataset', 'user', `no dataset ${given} is registered in this workspace`);
    const reason = blocked(dataset);
    const code = dataset.state === 'missing' ? 'dataset-missing' : 'dataset-blocked';
    if (reason !== null) throw new SidecarError(code, 'user', `${given}: ${reason}`, { name: given });
    return dataset;
  }
  if (datasets.length === 0)
    throw new SidecarError(
      'no-datasets',
      'user',
      'no dataset is registered in this workspace yet; register a folder of checkpoints, or try the demo',
    );
  const choices = datasets.map(dataset => ({
    label: `$(database) ${dataset.name}`,
    description: `${plural(dataset.nCheckpoints, 'checkpoint')} · ${plural(dataset.nWeights, 'weight')} · ${formatBytes(dataset.checkpointBytes)}`,
    detail: dataset.folder,
    value: dataset,
    reason: blocked(dataset),
  }));
  return choose(title, 'Which dataset?', choices);
}

export interface TextQuestion {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly placeholder?: string;
  /** The complaint about a text, or null. */
  readonly problem: (text: string) => string | null;
}

/** A text, validated as one types. */
export function askText({ title, prompt, value, placeholder, problem }: TextQuestion): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt,
    value,
    placeHolder: placeholder,
    ignoreFocusOut: true,
    validateInput: problem,
  });
}

/** A folder that exists; `label` is the button. */
export async function askFolder(
  label: string,
  title = 'A folder of checkpoints, or one with checkpoint/ inside',
): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: false,
    openLabel: label,
    title,
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  return chosen?.[0]?.fsPath;
}

/** Which of a file's tensor dictionaries, by its key. */
export function askDictionary(
  title: string,
  question: string,
  dictionaries: readonly DictionaryRecord[],
): Promise<string | undefined> {
  return choose(
    title,
    question,
    dictionaries.map(({ key, nTensors, nElements, sizeBytes }) => ({
      label: key === '' ? '(whole file)' : key,
      description: `${plural(nTensors, 'tensor')} · ${plural(nElements, 'weight')} · ${formatBytes(sizeBytes)}`,
      value: key,
      reason: null,
    })),
  );
}

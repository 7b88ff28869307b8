// RPG: Train from Weights… — a new run that begins with the weights of a finished one, or of a file that was exported, instead
// of random ones. What they were trained with is offered first: weights fit no other model.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { RunSummary } from '../../protocol/runRecords';
import { formatCount, formatLoss } from '../../shared/words';
import { askRun, choose, type Choice } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { trainCommand } from './train';

export const trainFromWeightsCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const init = text(given.init) ?? (await askWeights(context, text(given.run)));
    if (init === undefined) return undefined;
    const like = context.library.runs.find(run => weightsOf(run) === init)?.id;
    return trainCommand.run(context, { ...given, init, like });
  },
};

const weightsOf = ({ folder }: RunSummary): string => path.join(folder, 'weights.pth');

/** Written when a run finishes. */
const blocked = (run: RunSummary): string | null =>
  existsSync(weightsOf(run)) ? null : 'it is not finished; RPG: Export writes the weights of its newest snapshot';

/** Of the run given, or of one chosen, or a file. *Errors* `run-not-found`, `run-blocked`. */
async function askWeights(context: CommandContext, given: string | undefined): Promise<string | undefined> {
  if (given !== undefined) {
    const run = await askRun(context, 'Train from Weights', given, blocked);
    return run && weightsOf(run);
  }
  await context.library.refresh();
  const ofRuns = context.library.runs.map((run): Choice<string> => ({
    label: `$(pass) ${run.id}`,
    description: `${formatCount(run.steps)} steps · loss ${formatLoss(run.loss)}`,
    detail: run.dataset,
    value: weightsOf(run),
    reason: blocked(run),
  }));
  const file: Choice<string> = {
    label: '$(folder-opened) Choose a file…',
    detail: 'weights that RPG: Export wrote, or published ones',
    value: '',
    reason: null,
  };
  const usable = ofRuns.filter(({ reason }) => reason === null);
  const others = ofRuns.filter(({ reason }) => reason !== null);
  const chosen = await choose('Train from Weights', 'Which weights does the run begin with?', [
    ...usable,
    file,
    ...others,
  ]);
  return chosen === '' ? askFile() : chosen;
}

async function askFile(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'Weights to begin with',
    openLabel: 'Begin with These',
    filters: { Weights: ['pth', 'pt', 'bin', 'safetensors'], 'All files': ['*'] },
    defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
  });
  return chosen?.[0]?.fsPath;
}

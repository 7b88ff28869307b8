// RPG: Register Checkpoint Folder — from the Explorer's menu or a dialog; name and test are asked, what is found is offered.
// A folder that is registered already is measured again, with the test and the tensor dictionary it has.
import * as path from 'node:path';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { candidateDictionaries } from '../../protocol/checkpoints';
import { type DatasetSummary, register } from '../../protocol/datasets';
import { datasetNameFrom } from '../../shared/rules';
import { formatBytes, plural } from '../../shared/words';
import { datasetNameProblem, testCommandProblem } from '../text/validate';
import { askDictionary, askFolder, askText } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { callWithNotification } from './runJob';
import { runCommand } from '../runCommand';

export const registerFolderCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    context.workspace(); // it is asked for before anything else is
    const folder =
      argument instanceof vscode.Uri ? argument.fsPath : (text(given.folder) ?? (await askFolder('Register')));
    if (folder === undefined) return undefined;
    await context.library.refresh();
    const { datasets } = context.library;
    const known = datasetOf(datasets, folder);
    const taken = datasets.map(dataset => dataset.name).filter(other => other !== known?.name);
    const name =
      text(given.name) ??
      (await askText({
        title: `Register ${path.basename(folder)}`,
        prompt: known ? 'Name of the dataset; under the one it has, it is measured again' : 'Name of the dataset',
        value: known?.name ?? suggestName(folder, taken),
        problem: input => datasetNameProblem(input, taken),
      }));
    if (name === undefined) return undefined;
    const before = name === known?.name ? known : undefined;
    const testCommand =
      text(given.testCommand) ??
      before?.testCommand ??
      (given.name === undefined && !before ? await askTest(folder) : '');
    if (testCommand === undefined) return undefined;
    const key = text(given.key) ?? before?.key ?? (given.name === undefined ? await askKey(context, folder) : '');
    if (key === undefined) return undefined;
    const params = {
      folder,
      name,
      key: key || undefined,
      testCommand: testCommand.trim() || undefined,
      replace: given.replace === true || before !== undefined,
    };
    const record = await callWithNotification(context, `Measuring ${path.basename(folder)}`, register, params);
    await context.library.refresh();
    const size = `${plural(record.nCheckpoints, 'checkpoint')} of ${plural(record.nWeights, 'weight')}, ${formatBytes(record.checkpointBytes)}`;
    for (const note of record.notes) void vscode.window.showWarningMessage(`${record.name}: ${note}`);
    void vscode.window.showInformationMessage(`Registered ${record.name}: ${size}`, 'Train').then(chosen => {
      if (chosen === 'Train') void runCommand('rpg.train', { dataset: record.name });
    });
    return record;
  },
};

/** Asked only where none is found: empty means the built-in test, or none. */
async function askTest(folder: string): Promise<string | undefined> {
  if (existsSync(path.join(rootOf(folder), 'test.py'))) return '';
  return askText({
    title: 'How is a checkpoint tested?',
    prompt: 'A command that prints its accuracy, run in the folder; empty for none or a built-in test',
    placeholder: 'python3 test.py {file}',
    problem: testCommandProblem,
  });
}

/** Asked only of nested checkpoints with several networks inside; empty means the only one. */
async function askKey({ client }: CommandContext, folder: string): Promise<string | undefined> {
  const found = await client.call(candidateDictionaries, { folder });
  if (found.length < 2) return '';
  const question = 'Each file holds several sets of weights: which is the network?';
  return askDictionary(`Register ${path.basename(folder)}`, question, found);
}

/** `NAME/checkpoint` and `NAME` are the same dataset. */
export const rootOf = (folder: string): string =>
  path.basename(folder) === 'checkpoint' ? path.dirname(folder) : folder;

/** The dataset that a folder is registered as. */
export function datasetOf(datasets: readonly DatasetSummary[], folder: string): DatasetSummary | undefined {
  return datasets.find(dataset => path.relative(rootOf(dataset.path), rootOf(folder)) === '');
}

/** A name made of the folder's, that is not taken. */
export function suggestName(folder: string, taken: readonly string[]): string {
  const base = datasetNameFrom(path.basename(rootOf(folder)), 90); // there is room for a number
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

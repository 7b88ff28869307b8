// RPG: Prepare Checkpoints — runs the person's own training command in a terminal of its own, as a VS Code task, and then
// measures the folder again. The command goes through the shell the person has set up, as all their tasks do.
import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { type DatasetSummary, register } from '../../protocol/datasets';
import { readSettings } from '../settings';
import { SidecarError } from '../sidecarError';
import { plural } from '../../shared/words';
import { askFolder, askText } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { datasetOf, rootOf, suggestName } from './registerFolder';
import { callWithNotification } from './runJob';

export const prepareCheckpointsCommand: RpgCommand = {
  async run(context, argument) {
    if (!vscode.workspace.isTrusted)
      throw new SidecarError('untrusted', 'user', 'this workspace is not trusted, so your training command is not run');
    const given = values(argument);
    await context.library.refresh();
    const { datasets } = context.library;
    const chosen = datasets.find(({ name }) => name === given.dataset);
    const folder = chosen
      ? rootOf(chosen.path)
      : argument instanceof vscode.Uri
        ? argument.fsPath
        : (text(given.folder) ?? (await askFolder('Prepare')));
    if (folder === undefined) return undefined;
    // A task that cannot begin never ends either.
    if (!existsSync(folder))
      throw new SidecarError(
        'folder-missing',
        'user',
        `${folder} does not exist; put it back, or choose another folder`,
      );
    const dataset = chosen ?? datasetOf(datasets, folder);
    const command = text(given.command) ?? (await askCommand(context, folder));
    if (command === undefined) return undefined;
    await context.memory.update(memoryKey(folder), command);
    const code = await runTask(folder, command);
    if (code !== 0) {
      const how =
        code === undefined ? 'was ended before it was done' : `ended with code ${code}; its terminal says why`;
      throw new SidecarError('training-failed', 'user', `${command} ${how}. The dataset is as it was`);
    }
    return registerAgain(context, folder, dataset);
  },
};

const memoryKey = (folder: string): string => `prepare:${folder}`;

function askCommand({ memory }: CommandContext, folder: string): Thenable<string | undefined> {
  const script = existsSync(path.join(folder, 'train.py')) ? 'train.py' : 'your_training.py';
  return askText({
    title: `Prepare checkpoints in ${path.basename(folder)}`,
    prompt: 'The command that trains your network and saves checkpoints into this folder',
    value: memory.get<string>(memoryKey(folder)) ?? `${readSettings().pythonPath} ${script}`,
    problem: input => (input.trim() === '' ? 'Write a command' : null),
  });
}

/** Resolves to the exit code when the task ended; undefined when it was ended by hand. */
async function runTask(folder: string, command: string): Promise<number | undefined> {
  const task = new vscode.Task(
    { type: 'rpg', command },
    vscode.workspace.getWorkspaceFolder(vscode.Uri.file(folder)) ?? vscode.TaskScope.Workspace,
    `prepare ${path.basename(folder)}`,
    'RPG',
    new vscode.ShellExecution(command, { cwd: folder }),
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true };
  let finish: (code: number | undefined) => void;
  const ended = new Promise<number | undefined>(resolve => (finish = resolve));
  let execution: vscode.TaskExecution | undefined;
  const subscription = vscode.tasks.onDidEndTaskProcess(event => {
    if (event.execution === execution || event.execution.task.name === task.name) finish(event.exitCode);
  });
  try {
    execution = await vscode.tasks.executeTask(task);
    return await ended;
  } finally {
    subscription.dispose();
  }
}

async function registerAgain(
  context: CommandContext,
  folder: string,
  known: DatasetSummary | undefined,
): Promise<unknown> {
  const taken = context.library.datasets.map(({ name }) => name);
  const params = known
    ? {
        folder: known.path,
        name: known.name,
        key: known.key || undefined,
        testCommand: known.testCommand ?? undefined,
        replace: true,
      }
    : { folder, name: suggestName(folder, taken) };
  const record = await callWithNotification(context, `Measuring ${path.basename(folder)}`, register, params);
  await context.library.refresh();
  void vscode.window.showInformationMessage(`${record.name} has ${plural(record.nCheckpoints, 'checkpoint')} now`);
  return record;
}

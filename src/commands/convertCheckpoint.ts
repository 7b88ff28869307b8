// RPG: Convert Checkpoint… — one file in another format or type, as `rpg convert` does it. What cannot be changed is not asked:
// a dictionary only where there are several, a prefix only where all names have one.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { type CheckpointReport, convert, type ConvertParams, inspect } from '../../protocol/checkpoints';
import { checkpointEditorType } from '../editors/checkpointEditor';
import { SidecarError } from '../sidecarError';
import { formatBytes, plural } from '../../shared/words';
import { commonPrefix } from '../text/names';
import { askDictionary, choose } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { askCheckpoint } from './inspectCheckpoint';
import { callWithNotification } from './runJob';
import { runCommand } from '../runCommand';

const dtypes = ['float32', 'float16', 'bfloat16', 'float64'] as const;

export const convertCheckpointCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const input =
      argument instanceof vscode.Uri
        ? argument.fsPath
        : (text(given.input) ?? openCheckpoint() ?? (await askCheckpoint(context, 'Convert Checkpoint'))?.fsPath);
    if (input === undefined) return undefined;
    const params = text(given.output) === undefined ? await askHow(context, input) : howGiven(input, given);
    if (!params) return undefined;
    const name = path.basename(input);
    const result = await callWithNotification(context, `Converting ${name}`, convert, params);
    const notes = result.notes.map(note => `; ${note}`).join('');
    const message = `${path.basename(result.path)}: ${plural(result.nTensors, 'tensor')}, ${formatBytes(result.sizeBytes)}${notes}`;
    void vscode.window.showInformationMessage(message, 'Open').then(chosen => {
      if (chosen) void runCommand('rpg.inspectCheckpoint', { path: result.path });
    });
    return result;
  },
};

/** The checkpoint that is looked at: from the menu of its editor. */
function openCheckpoint(): string | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType === checkpointEditorType
    ? input.uri.fsPath
    : undefined;
}

function howGiven(input: string, given: Readonly<Record<string, unknown>>): ConvertParams {
  return {
    input,
    output: text(given.output)!,
    key: text(given.key),
    dtype: dtypes.find(dtype => dtype === given.dtype),
    stripPrefix: text(given.stripPrefix),
    overwrite: given.overwrite === true,
  };
}

async function askHow(context: CommandContext, input: string): Promise<ConvertParams | undefined> {
  const look = (key?: string): Promise<CheckpointReport> => lookAt(context, input, key);
  let report = await look();
  if (report.dictionaries.length > 1) {
    const key = await askDictionary('Convert Checkpoint', 'Which tensor dictionary?', report.dictionaries);
    if (key === undefined) return undefined;
    if (key !== report.key) report = await look(key);
  }
  const dtype = await askType();
  if (dtype === undefined) return undefined;
  const prefix = commonPrefix(report.tensors.map(({ name }) => name));
  const stripPrefix = prefix === '' ? '' : await askPrefix(prefix);
  if (stripPrefix === undefined) return undefined;
  const output = await askTarget(context, input, report.format);
  if (output === undefined) return undefined;
  return {
    input,
    output,
    key: report.key,
    dtype: dtype === 'same' ? undefined : dtype,
    stripPrefix: stripPrefix || undefined,
    overwrite: true, // the dialog has asked
  };
}

/** *Errors* `is-a-folder`, and those of `inspect`. */
async function lookAt({ client }: CommandContext, input: string, key?: string): Promise<CheckpointReport> {
  const report = await client.call(inspect, { path: input, key, statistics: false });
  if (report.kind === 'checkpoint') return report;
  throw new SidecarError('is-a-folder', 'user', `${input} is a folder of checkpoints; convert one of them`);
}

function askType(): Promise<(typeof dtypes)[number] | 'same' | undefined> {
  return choose<(typeof dtypes)[number] | 'same'>('Convert Checkpoint', 'Which type shall the weights have?', [
    { label: 'As they are', value: 'same', reason: null },
    ...dtypes.map(dtype => ({ label: dtype, value: dtype, reason: null })),
  ]);
}

function askPrefix(prefix: string): Promise<string | undefined> {
  return choose('Convert Checkpoint', `All names begin with ${prefix}`, [
    { label: 'Keep the names', value: '', reason: null },
    { label: `Take ${prefix} off`, value: prefix, reason: null },
  ]);
}

async function askTarget({ client }: CommandContext, input: string, format: string): Promise<string | undefined> {
  const { checkpointFormats } = await client.capabilities();
  const written = checkpointFormats.filter(({ isWritten, extensions }) => isWritten && extensions.length > 0);
  // Another format is what one converts to most often.
  written.sort((a, b) => Number(a.id === format) - Number(b.id === format));
  const ending = written[0]?.extensions[0] ?? '';
  const { dir, name } = path.parse(input);
  const chosen = await vscode.window.showSaveDialog({
    title: `Convert ${path.basename(input)}`,
    saveLabel: 'Convert',
    defaultUri: vscode.Uri.file(path.join(dir, `${name}${ending}`)),
    filters: Object.fromEntries(written.map(({ title, extensions }) => [title, extensions.map(each => each.slice(1))])),
  });
  return chosen?.fsPath;
}

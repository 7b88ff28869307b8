// Another test command for a registered dataset. The dataset is measured again, which its cache makes quick.
import { type DatasetRecord, register } from '../../protocol/datasets';
import { testCommandProblem } from '../text/validate';
import { askDataset, askText, missingFolder } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { callWithNotification } from './runJob';

export const editTestCommandCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    return editTestCommand(context, text(given.dataset), text(given.testCommand));
  },
};

export async function editTestCommand(
  context: CommandContext,
  name: string | undefined,
  command?: string,
): Promise<DatasetRecord | undefined> {
  const dataset = await askDataset(context, 'Test command', name, missingFolder);
  if (!dataset) return undefined;
  const testCommand =
    command ??
    (await askText({
      title: `Test of ${dataset.name}`,
      prompt: `A command that prints the accuracy of {file}, run in ${dataset.folder}`,
      value: dataset.testCommand ?? 'python3 test.py {file}',
      problem: input => (input.trim() === '' ? 'Write a command with {file} in it' : testCommandProblem(input)),
    }));
  if (testCommand === undefined) return undefined;
  const params = {
    folder: dataset.path,
    name: dataset.name,
    key: dataset.key || undefined,
    testCommand,
    replace: true,
  };
  const record = await callWithNotification(context, `Registering ${dataset.name}`, register, params);
  await context.library.refresh();
  return record;
}

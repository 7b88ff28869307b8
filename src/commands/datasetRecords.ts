// RPG: Unregister, Rename and Locate — changes to what is registered. Checkpoints stay where they are, and forgetting can be
// undone.
import * as vscode from 'vscode';
import { type DatasetRecord, register, renameDataset, restoreDataset, unregister } from '../../protocol/datasets';
import { SidecarError } from '../sidecarError';
import { datasetNameProblem } from '../text/validate';
import { askDataset, askFolder, askText } from './ask';
import { text, values, type RpgCommand } from './command';
import { callWithNotification } from './runJob';
import { runCommand } from '../runCommand';

export const unregisterCommand: RpgCommand = {
  async run(context, argument) {
    const { client, library } = context;
    const dataset = await askDataset(context, 'Unregister', text(values(argument).dataset), () => null);
    if (!dataset) return undefined;
    const record = await client.call(unregister, { name: dataset.name });
    await library.refresh();
    const message = `${record.name} is no longer registered; its checkpoints are still in ${record.folder}`;
    void vscode.window.showInformationMessage(message, 'Undo').then(async chosen => {
      if (chosen === 'Undo') await runCommand('rpg.undoUnregister', { record });
    });
    return record;
  },
};

/** Not in the palette: what Undo runs. */
export const undoUnregisterCommand: RpgCommand = {
  async run({ client, library }, argument) {
    const { record } = values(argument);
    if (typeof record !== 'object' || record === null)
      throw new SidecarError('nothing-to-undo', 'user', 'there is nothing to take back');
    // The cast: it is what `unregister` answered; the sidecar looks at it again.
    const restored = await client.call(restoreDataset, { record: record as DatasetRecord });
    await library.refresh();
    return restored;
  },
};

export const renameDatasetCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const dataset = await askDataset(context, 'Rename', text(given.dataset), () => null);
    if (!dataset) return undefined;
    const taken = context.library.datasets.map(({ name }) => name).filter(name => name !== dataset.name);
    const newName =
      text(given.newName) ??
      (await askText({
        title: `Rename ${dataset.name}`,
        prompt: 'New name; runs keep the one they began with',
        value: dataset.name,
        problem: input => datasetNameProblem(input, taken),
      }));
    if (newName === undefined) return undefined;
    const record = await context.client.call(renameDataset, { name: dataset.name, newName });
    await context.library.refresh();
    return record;
  },
};

/** For a dataset whose folder moved: the same name, test and key at another place. */
export const locateDatasetCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const present = (state: string): string | null => (state === 'missing' ? null : 'its folder is where it was');
    const dataset = await askDataset(context, 'Locate', text(given.dataset), ({ state }) => present(state));
    if (!dataset) return undefined;
    const folder = text(given.folder) ?? (await askFolder('Locate'));
    if (folder === undefined) return undefined;
    const { name, key, testCommand, fingerprint } = dataset;
    const params = { folder, name, key: key || undefined, testCommand: testCommand ?? undefined, replace: true };
    const record = await callWithNotification(context, `Measuring ${name}`, register, params);
    await context.library.refresh();
    if (record.fingerprint !== fingerprint)
      void vscode.window.showWarningMessage(
        `${name} is now ${folder}, but its checkpoints are not the ones that were registered; runs that began with them cannot be resumed`,
      );
    return record;
  },
};

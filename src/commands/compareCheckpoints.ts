// RPG: Compare Checkpoints — two files chosen in the Explorer or by dialog, tensor by tensor, as a table of text.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { diff } from '../../protocol/checkpoints';
import { showReport } from '../editors/reports';
import { SidecarError } from '../sidecarError';
import { differenceText } from '../text/reports';
import { text, values, type RpgCommand } from './command';
import { askCheckpoint } from './inspectCheckpoint';
import { callWithNotification } from './runJob';

export const compareCheckpointsCommand: RpgCommand = {
  async run(context, argument, selection) {
    const selected = Array.isArray(selection) ? selection.filter(item => item instanceof vscode.Uri) : [];
    if (selected.length > 2)
      throw new SidecarError(
        'two-checkpoints',
        'user',
        `two checkpoints are compared, and ${selected.length} are selected; select two`,
      );
    const given = values(argument);
    const a = text(given.a) ?? selected[0]?.fsPath ?? (argument instanceof vscode.Uri ? argument.fsPath : undefined);
    const first = a ?? (await askCheckpoint(context, 'Compare: the first checkpoint'))?.fsPath;
    if (first === undefined) return undefined;
    const second =
      text(given.b) ??
      selected[1]?.fsPath ??
      (await askCheckpoint(context, `Compare ${path.basename(first)} with`))?.fsPath;
    if (second === undefined) return undefined;
    const names = `${path.basename(first)} and ${path.basename(second)}`;
    const report = await callWithNotification(context, `Comparing ${names}`, diff, { a: first, b: second });
    await showReport(names, differenceText(report));
    return { isEqual: report.isEqual, distance: report.distance };
  },
};

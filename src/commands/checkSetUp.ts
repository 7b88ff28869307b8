// RPG: Check Set-up — what the product can use on this machine, what is missing, and a fix for each that can be mended here.
import * as vscode from 'vscode';
import { checkSetUp, type SetUpFix, type SetUpItem } from '../../protocol/setup';
import { readSettings, targetOf } from '../settings';
import { choose } from './ask';
import type { CommandContext, RpgCommand } from './command';
import { editTestCommand } from './editTestCommand';
import { callWithNotification } from './runJob';
import { runCommand } from '../runCommand';

export const checkSetUpCommand: RpgCommand = {
  async run(context, argument) {
    const params = { python: readSettings().pythonPath, isTrusted: vscode.workspace.isTrusted };
    const items = await callWithNotification(context, 'Checking the set-up', checkSetUp, params);
    for (const { title, state, detail } of items) context.log.info(`set-up: ${title}: ${state}: ${detail}`);
    if ((argument as { isSilent?: unknown } | undefined)?.isSilent === true) return items;
    const chosen = await choose(
      'Check Set-up',
      items.some(({ state }) => state === 'missing') ? 'Choose what to mend' : 'Everything is there',
      items.map(item => ({
        label: `$(${icons[item.state]}) ${item.title}`,
        description: item.fix ? fixTitle(item.fix) : undefined,
        detail: item.detail,
        value: item.fix,
        reason: null,
      })),
    );
    if (chosen) await mend(context, chosen);
    return items;
  },
};

const icons = { ok: 'pass', missing: 'warning', unknown: 'question' } as const satisfies Record<
  SetUpItem['state'],
  string
>;

function fixTitle(fix: SetUpFix): string {
  switch (fix.kind) {
    case 'choosePython':
      return 'choose another Python';
    case 'chooseDevice':
      return 'choose a device';
    case 'terminal':
      return `type “${fix.command}” into a terminal`;
    case 'locateDataset':
      return 'locate its folder';
    case 'setTest':
      return 'change the test command';
    default:
      return fix satisfies never;
  }
}

async function mend(context: CommandContext, fix: SetUpFix): Promise<void> {
  switch (fix.kind) {
    case 'choosePython':
      return choosePython();
    case 'chooseDevice':
      await runCommand('rpg.chooseDevice');
      return;
    case 'terminal': {
      // Typed, not run: it changes the person's machine.
      const terminal = vscode.window.createTerminal('RPG set-up');
      terminal.show();
      terminal.sendText(fix.command, false);
      return;
    }
    case 'locateDataset':
      await runCommand('rpg.locateDataset', { dataset: fix.dataset });
      return;
    case 'setTest':
      await editTestCommand(context, fix.dataset);
      return;
    default:
      return fix satisfies never;
  }
}

async function choosePython(): Promise<void> {
  const [file] = (await vscode.window.showOpenDialog({ title: 'A Python interpreter', openLabel: 'Use' })) ?? [];
  const configuration = vscode.workspace.getConfiguration('rpg');
  if (file) await configuration.update('pythonPath', file.fsPath, targetOf(configuration, 'pythonPath'));
}

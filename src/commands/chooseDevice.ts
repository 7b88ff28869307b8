// RPG: Choose Device — every device of every engine, those that cannot be used with the reason; the choice is a setting.
import * as vscode from 'vscode';
import { type DeviceReport, devices } from '../../protocol/setup';
import { deviceSetting, targetOf } from '../settings';
import type { SidecarClient } from '../sidecarClient';
import { formatBytes } from '../../shared/words';
import { choose, type Choice } from './ask';
import { text, values, type RpgCommand } from './command';

export const chooseDeviceCommand: RpgCommand = {
  async run({ client }, argument) {
    const configuration = vscode.workspace.getConfiguration('rpg');
    const current = configuration.get<string>('device', 'auto');
    const chosen = text(values(argument).device) ?? (await askDevice(client, 'Choose Device', current));
    if (chosen === undefined) return undefined;
    await configuration.update('device', chosen, targetOf(configuration, 'device'));
    return chosen;
  },
};

/** As the setting has it. `current` is said to be the one that is chosen now. */
export function askDevice(
  client: SidecarClient,
  title: string,
  current: string | null = null,
): Promise<string | undefined> {
  const offer = async (): Promise<Choice<string>[]> => {
    const list = await client.call(devices, {});
    const best = list.find(({ isAvailable }) => isAvailable);
    const automatic = {
      label: '$(sparkle) Automatic',
      description: current === 'auto' ? 'chosen' : undefined,
      detail: best ? `the best that is available: ${best.title}` : 'none is available',
      value: 'auto',
      reason: null,
    };
    const choices = list.map(device => deviceChoice(device, current));
    return current === null ? choices : [automatic, ...choices];
  };
  return choose(title, 'Where are runs trained and networks generated?', offer());
}

function deviceChoice(report: DeviceReport, current: string | null): Choice<string> {
  const value = deviceSetting(report);
  const memory = report.memoryBytes === null ? '' : `, ${formatBytes(report.memoryBytes)}`;
  return {
    label: `$(${report.kind === 'card' ? 'circuit-board' : 'chip'}) ${value}`,
    description: value === current ? 'chosen' : undefined,
    detail: [`${report.title}: ${report.description}${memory}`, ...report.notes].join('; '),
    value,
    reason: report.isAvailable ? null : report.description,
  };
}

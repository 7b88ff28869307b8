// `rpg register`, `rpg datasets`, `rpg unregister`.
import { formatCount } from '../../shared/words';
import type { CliCommand } from './cliCommand';

export const registerCommand: CliCommand<'register'> = {
  print: ({ name, nCheckpoints, nWeights, testCommand, notes }, cli) => {
    cli.print(
      `Registered ${name}: ${formatCount(nCheckpoints)} checkpoints of ${formatCount(nWeights)} weights, test: ${testCommand ?? 'built in, if there is one'}`,
    );
    for (const note of notes) cli.print(`Note: ${note}`);
  },
};

export const datasetsCommand: CliCommand<'datasets'> = {
  whenEmpty: 'No dataset is registered here. Register one: rpg register FOLDER',
};

export const unregisterCommand: CliCommand<'unregister'> = {
  print: ({ name, folder }, cli) => cli.print(`Forgot ${name}; its checkpoints are still in ${folder}`),
};

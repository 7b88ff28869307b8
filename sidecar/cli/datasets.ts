// `rpg register`, `rpg datasets`, `rpg unregister`.
import { datasets, register, unregister } from '../app/datasets/datasets';
import type { CliCommand } from './cliCommand';
import { formatBytes, formatCount } from '../../shared/words';
import { formatTable } from './format';

interface RegisterOptions {
  name?: string;
  test?: string;
  accuracyPattern?: string;
  key?: string;
  replace?: boolean;
  json?: boolean;
}

export const registerCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('register')
      .description('measure a folder of checkpoints and remember it under a name')
      .argument('<folder>', 'a folder of checkpoints, or one with checkpoint/ inside')
      .option('--name <name>', "name of the dataset (default: the folder's)")
      .option('--test <command>', 'how a checkpoint is tested, such as "python test.py {file}"')
      .option('--accuracy-pattern <regexp>', 'its first group is the accuracy in the test’s output')
      .option('--key <key>', 'which tensor dictionary of nested checkpoints')
      .option('--replace', 'replace a dataset of the same name')
      .option('--json', 'print JSON')
      .action(async (folder: string, options: RegisterOptions) => {
        const { name, accuracyPattern, key, replace, json } = options;
        const record = await cli.run(
          register,
          { folder, name, testCommand: options.test, accuracyPattern, key, replace },
          { title: 'Measuring', json },
        );
        if (json) cli.printJson(record);
        else {
          cli.print(
            `Registered ${record.name}: ${formatCount(record.nCheckpoints)} checkpoints of ${formatCount(record.nWeights)} weights, test: ${record.testCommand ?? 'built in, if there is one'}`,
          );
          for (const note of record.notes) cli.print(`Note: ${note}`);
        }
      });
  },
};

export const datasetsCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('datasets')
      .description('list the registered datasets')
      .option('--json', 'print JSON')
      .action(async (options: { json?: boolean }) => {
        const list = await cli.run(datasets, {}, { title: 'Listing', json: options.json });
        if (options.json) cli.printJson(list);
        else if (list.length === 0) cli.print('No dataset is registered here. Register one: rpg register FOLDER');
        else {
          const right = 'right' as const;
          const columns = [
            { title: 'dataset' },
            { title: 'checkpoints', align: right },
            { title: 'weights', align: right },
            { title: 'size', align: right },
            { title: 'state' },
            { title: 'folder' },
          ];
          cli.print(
            formatTable(
              columns,
              list.map(dataset => [
                dataset.name,
                formatCount(dataset.nCheckpoints),
                formatCount(dataset.nWeights),
                formatBytes(dataset.checkpointBytes),
                dataset.state,
                dataset.folder,
              ]),
            ),
          );
        }
      });
  },
};

export const unregisterCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('unregister')
      .description('forget a dataset; its checkpoints stay where they are')
      .argument('<name>')
      .option('--json', 'print JSON')
      .action(async (name: string, options: { json?: boolean }) => {
        const record = await cli.run(unregister, { name }, { title: 'Unregistering', json: options.json });
        if (options.json) cli.printJson(record);
        else cli.print(`Forgot ${record.name}; its checkpoints are still in ${record.folder}`);
      });
  },
};

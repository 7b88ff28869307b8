// `rpg convert IN OUT`: one format into another, one type into another.
import { Option } from 'commander';
import type { ConvertParams } from '../../protocol/checkpoints';
import { weightDtypes } from '../checkpoint/tensor';
import { convert } from '../app/checkpoints/convert';
import type { CliCommand } from './cliCommand';
import { formatBytes, formatCount } from '../../shared/words';

interface Options {
  json?: boolean;
  key?: string;
  dtype?: ConvertParams['dtype'];
  stripPrefix?: string;
  force?: boolean;
}

export const convertCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('convert')
      .description('write a checkpoint in another format (by the output name) or type')
      .argument('<in>', 'checkpoint to read')
      .argument('<out>', 'file to write: .pth, .pt, .bin, .safetensors, or an adapter folder')
      .addOption(new Option('--dtype <type>', 'type of the weights; others stay as they are').choices(weightDtypes))
      .option('--key <key>', 'which tensor dictionary of a nested checkpoint')
      .option('--strip-prefix <prefix>', 'take a prefix such as module. off the names')
      .option('--force', 'overwrite the output')
      .option('--json', 'print JSON')
      .action(async (input: string, output: string, options: Options) => {
        const { key, dtype, stripPrefix, json } = options;
        const result = await cli.run(
          convert,
          { input, output, key, dtype, stripPrefix, overwrite: options.force },
          { title: 'Converting', json },
        );
        if (json) cli.printJson(result);
        else {
          cli.print(`${result.path}: ${formatCount(result.nTensors)} tensors, ${formatBytes(result.sizeBytes)}`);
          for (const note of result.notes) cli.note(note);
        }
      });
  },
};

// `rpg convert IN OUT`: one format into another, one type into another.
import { usualExtensions } from '../checkpoint/registry';
import type { CliCommand } from './cliCommand';
import { formatBytes, formatCount } from '../../shared/words';

export const convertCommand: CliCommand<'convert'> = {
  help: { output: `file to write: ${usualExtensions.join(', ')}, or an adapter folder` },
  print: ({ path, nTensors, sizeBytes, notes }, cli) => {
    cli.print(`${path}: ${formatCount(nTensors)} tensors, ${formatBytes(sizeBytes)}`);
    for (const note of notes) cli.note(note);
  },
};

// `rpg convert IN OUT`: one format into another, one type into another.
import type { CliCommand } from './cliCommand';
import { formatBytes, formatCount } from './format';

export const convertCommand: CliCommand<'convert'> = {
  print: ({ path, nTensors, sizeBytes, notes }, cli) => {
    cli.print(`${path}: ${formatCount(nTensors)} tensors, ${formatBytes(sizeBytes)}`);
    for (const note of notes) cli.note(note);
  },
};

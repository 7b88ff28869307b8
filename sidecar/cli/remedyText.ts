// Ways out of an error as the command line has them: the command or the option to add.
import type { Remedy } from '../../protocol/errors';

export function remedyText(remedy: Exclude<Remedy, string>): string {
  switch (remedy.does) {
    case 'goOn':
      return remedy.despite === 'memory'
        ? 'go on with --force'
        : 'go on with the files as they are with --accept-changed';
    case 'register':
      return remedy.folder === null
        ? `register the one it moved to (${registerCommand(remedy)})`
        : `register it again (${registerCommand(remedy)})`;
    case 'replace':
      return remedy.what === 'dataset' ? 'replace it with --replace' : 'replace it with --force';
    case 'train':
      return 'start one with: rpg train';
    case 'stop':
      return `stop it with: rpg stop ${remedy.run}`;
    case 'resume':
      return `go on with: rpg resume ${remedy.run}`;
    case 'resumeOn':
      return `resume it with --engine ${remedy.engine}`;
    case 'beginFrom':
      return `start a new run from the snapshot's weights (rpg export ${remedy.run} weights.pth, then rpg train --init weights.pth)`;
    case 'generate':
      return `generate networks with: rpg generate ${remedy.run}${remedy.isForTask ? ' --class N' : ''}`;
    case 'evaluate':
      return `evaluate it with: rpg evaluate ${remedy.run}`;
    case 'setTest':
      return 'give a test command, such as --test "python test.py {file}"';
    case 'compareWeightsOnly':
      return 'compare weights only with --no-test';
    default:
      return remedy satisfies never;
  }
}

function registerCommand({
  folder,
  name,
  testCommand,
  accuracyPattern,
  key,
}: Extract<Remedy, { does: 'register' }>): string {
  const test = testCommand === null ? [] : ['--test', testCommand];
  const pattern = accuracyPattern === null ? [] : ['--accuracy-pattern', accuracyPattern];
  const dictionary = key === '' ? [] : ['--key', key];
  const words = [
    'rpg',
    'register',
    folder ?? 'FOLDER',
    '--name',
    name,
    ...test,
    ...pattern,
    ...dictionary,
    '--replace',
  ];
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w./:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

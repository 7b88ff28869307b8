// Ways out of an error as the editor has them: the command that does it. errorMessage.ts has the buttons.
import type { Remedy } from '../../protocol/errors';

export function remedyText(remedy: Exclude<Remedy, string>): string {
  switch (remedy.does) {
    case 'goOn':
      return remedy.despite === 'memory' ? 'go on all the same' : 'go on with the files as they are';
    case 'register':
      return remedy.folder === null ? 'find it with RPG: Locate Dataset…' : 'register it again';
    case 'replace':
      return 'have it replaced';
    case 'train':
      return 'start one with RPG: Train';
    case 'stop':
      return 'stop it with RPG: Stop';
    case 'resume':
      return 'go on with RPG: Resume';
    case 'resumeOn':
      return `resume it on a device of the ${remedy.engine} engine`;
    case 'beginFrom':
      return "start a new run from the snapshot's weights: RPG: Export, then RPG: Train from Weights…";
    case 'generate':
      return remedy.isForTask ? 'generate some with RPG: Generate for a Task…' : 'generate networks with RPG: Generate';
    case 'evaluate':
      return 'judge its networks with RPG: Evaluate';
    case 'setTest':
      return 'give its dataset a test with RPG: Change Test Command';
    case 'compareWeightsOnly':
      return 'compare weights only';
    default:
      return remedy satisfies never;
  }
}

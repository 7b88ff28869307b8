// What package.json says of commands, made from their words, and the words that are refused.
import { describe, expect, it } from 'vitest';
import type { EditorWords } from '../../../protocol/editor';
import { contributions, problemsOf, type Contributes } from '../../../scripts/contributions';

const views: Contributes = { views: { rpg: [{ id: 'rpg.runs' }] } };
const good: EditorWords = {
  command: 'rpg.look',
  title: 'Look',
  enablement: 'rpg.hasRuns && !isWorkspaceTrusted',
  menus: [
    { menu: 'view/title', when: 'view == rpg.runs', group: 'navigation' },
    { menu: 'explorer/context', when: 'resourceExtname =~ {checkpointExtensions}', group: '4_rpg' },
  ],
};

describe('contributions', () => {
  it('of a command are its title, its menus and the endings of checkpoints', () => {
    const made = contributions(
      [good, { command: 'rpg.undo', title: 'Undo', isHidden: true }],
      ['.pth', '.bin', '.tar'],
      {
        customEditors: [{ selector: [] }],
      },
    );
    expect(made.commands[0]).toMatchObject({ command: 'rpg.look', title: 'Look', category: 'RPG' });
    expect(made.menus).toMatchObject({
      commandPalette: [{ command: 'rpg.undo', when: 'false' }],
      'view/title': [{ command: 'rpg.look', when: 'view == rpg.runs', group: 'navigation' }],
      'explorer/context': [{ when: String.raw`resourceExtname =~ /^\.(pth|bin)$/` }],
    });
    expect(made.customEditors).toEqual([{ selector: [{ filenamePattern: '*.pth' }] }]);
  });

  it('of good words have no problem', () => {
    expect(problemsOf([good], views)).toEqual([]);
  });

  it.each<[string, EditorWords[], RegExp]>([
    ['a command without a title', [{ ...good, title: ' ' }], /^rpg\.look: it has no title$/],
    ['an id twice', [good, good], /^rpg\.look: declared twice$/],
    ['an unknown context key', [{ ...good, enablement: 'rpg.hasRun' }], /^rpg\.look: enablement: .*'rpg\.hasRun'/],
    [
      'an unknown menu',
      // The cast: what a compiler would refuse.
      [{ ...good, menus: [{ menu: 'view/tilte' as 'view/title', when: 'view == rpg.runs', group: '' }] }],
      /^rpg\.look: there is no menu 'view\/tilte'/,
    ],
    [
      'an unknown view',
      [{ ...good, menus: [{ menu: 'view/title', when: 'view == rpg.rows', group: '' }] }],
      /^rpg\.look: view\/title: there is no view 'rpg\.rows'$/,
    ],
    ['half a condition', [{ ...good, enablement: 'rpg.hasRuns ==' }], /^rpg\.look: enablement: .* is no condition$/],
  ])('name the place of %s', (_, words, problem) => {
    expect(problemsOf(words, views)).toEqual([expect.stringMatching(problem)]);
  });

  it('name a link to a command that does not exist', () => {
    const viewsWelcome = [{ view: 'rpg.runs', contents: '[Go](command:rpg.nowhere)' }];
    expect(problemsOf([good], { ...views, viewsWelcome })).toEqual(["viewsWelcome: there is no command 'rpg.nowhere'"]);
  });
});

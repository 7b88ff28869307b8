// What package.json says of commands, as a pure function of their words, and what is wrong with those words: each problem names
// the command and the place.
import { editorContextKeys, menuIds, ownContextKeys, type EditorWords } from '../protocol/editor';

/** The part of package.json that is read here. */
export interface Contributes {
  readonly [key: string]: unknown;
  readonly views?: Readonly<Record<string, readonly { id: string }[]>>;
  readonly customEditors?: readonly { selector: readonly { filenamePattern: string }[] }[];
}

/** Endings that other programs use as well: `.tar` is not offered, and neither opens in our editor by itself. */
const notOffered: ReadonlySet<string> = new Set(['.tar']);
const notOpened: ReadonlySet<string> = new Set(['.bin', '.tar']);

export function contributions(words: readonly EditorWords[], extensions: readonly string[], before: Contributes) {
  const endings = extensions.filter(ending => !notOffered.has(ending)).map(ending => ending.slice(1));
  const pattern = String.raw`/^\.(${endings.join('|')})$/`;
  const entries = words.flatMap(({ command, menus = [] }) => menus.map(menu => ({ command, ...menu })));
  const menus = menuIds.map(id => [
    id,
    entries
      .filter(({ menu }) => menu === id)
      .map(({ command, when, group }) => ({
        command,
        when: when.replace('{checkpointExtensions}', () => pattern),
        group,
      })),
  ]);
  const selector = extensions
    .filter(ending => !notOpened.has(ending))
    .map(ending => ({ filenamePattern: `*${ending}` }));
  return {
    commands: words.map(({ command, title, icon, enablement }) => ({
      command,
      title,
      category: 'RPG',
      icon,
      enablement,
    })),
    menus: {
      commandPalette: words.filter(({ isHidden }) => isHidden).map(({ command }) => ({ command, when: 'false' })),
      ...(Object.fromEntries(menus) as object), // lists by the name of their menu
    },
    customEditors: (before.customEditors ?? []).map(editor => ({ ...editor, selector })),
  };
}

/** Each in words, with its place; empty where all is well. `contributes` is what the file is to hold. */
export function problemsOf(words: readonly EditorWords[], contributes: Contributes): string[] {
  const commands = new Set<string>(words.map(({ command }) => command));
  const views = new Set(Object.values(contributes.views ?? {}).flatMap(list => list.map(({ id }) => id)));
  const problems = words.flatMap((entry, index) => {
    const { command, title, enablement, menus = [] } = entry;
    const found: string[] = [];
    if (title.trim() === '') found.push(`${command}: it has no title`);
    if (words.findIndex(other => other.command === command) !== index) found.push(`${command}: declared twice`);
    if (enablement !== undefined) found.push(...whenProblems(enablement, `${command}: enablement`, views));
    for (const { menu, when } of menus) {
      if (!menuIds.includes(menu)) found.push(`${command}: there is no menu '${menu}' (${menuIds.join(', ')})`);
      found.push(...whenProblems(when, `${command}: ${menu}`, views));
    }
    return found;
  });
  return [...problems, ...linkProblems(contributes, commands, views)];
}

const contextKeys: ReadonlySet<string> = new Set([...editorContextKeys, ...ownContextKeys.map(key => `rpg.${key}`)]);

/** Every name that a condition asks must be known, and every view that it compares with. */
function whenProblems(when: string, place: string, views: ReadonlySet<string>): string[] {
  const clauses = when
    .replaceAll(/=~\s*(\/(\\.|[^/\\])*\/[a-z]*|\{checkpointExtensions\})/g, '')
    .split(/&&|\|\||[()]/)
    .map(clause => clause.trim().replace(/^!\s*/, ''))
    .filter(clause => clause !== '');
  return clauses.flatMap(clause => {
    const [, key = '', , value] = /^([\w.]+)(?:\s*(==|!=|<=|>=|<|>)\s*(\S+))?$/.exec(clause) ?? [];
    if (key === '') return [`${place}: '${clause}' is no condition`];
    if (!contextKeys.has(key)) return [`${place}: nothing is known of '${key}' (${[...contextKeys].join(', ')})`];
    return key === 'view' && value !== undefined && !views.has(value) ? [`${place}: there is no view '${value}'`] : [];
  });
}

/** Links of welcome texts and of the walkthrough, and their conditions. */
function linkProblems(contributes: Contributes, commands: ReadonlySet<string>, views: ReadonlySet<string>): string[] {
  const welcomes = (contributes.viewsWelcome ?? []) as readonly { when?: string }[]; // the editor's own schema
  const conditions = welcomes.flatMap(({ when = '' }, index) => whenProblems(when, `viewsWelcome ${index}`, views));
  const links = ['viewsWelcome', 'walkthroughs'].flatMap(key => {
    const text = JSON.stringify(contributes[key] ?? []);
    const ids = [...text.matchAll(/(?:command|onCommand):(rpg\.\w+)/g)].map(match => match[1]!);
    return [...new Set(ids)].filter(id => !commands.has(id)).map(id => `${key}: there is no command '${id}'`);
  });
  return [...conditions, ...links];
}

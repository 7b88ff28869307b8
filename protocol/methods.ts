// The ways to learn a zoo that this program knows.
import { described, operation } from './operation';

export interface MethodInfo {
  /** As records name it. */
  id: string;
  title: string;
  /** What it does, in a sentence. */
  about: string;
  /** The paper. */
  source: string;
}

/** Every method, the one that is used where nobody chooses first. */
export const methods = described(operation<Record<string, never>, MethodInfo[]>('methods'), {
  activity: 'Listing',
  cli: { name: 'methods', description: 'list the ways to learn a dataset' },
  editor: { command: 'rpg.aboutMethods', title: 'About the Methods', icon: '$(book)' },
  report: list => ({
    title: 'Methods',
    tables: [
      {
        columns: [{ title: 'method' }, { title: 'title' }, { title: 'source' }, { title: '' }],
        rows: list.map(({ id, title, source, about }) => [id, title, source, about]),
      },
    ],
  }),
});

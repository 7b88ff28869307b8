// The check that the project's texts name nothing that does not exist, on texts of its own.
import { expect, it } from 'vitest';
// @ts-expect-error a script without types
import { missingNames as missingNamesOf } from '../../../scripts/checkArchitecture.mjs';

// What the script says of itself in its docstring.
const missingNames = missingNamesOf as (
  text: string,
  folder: string,
  paths: string[],
) => { line: number; name: string }[];
const paths = ['sidecar/engine/tf.ts', 'sidecar/engine/kernels/matmul.cu', 'README.md'];
const missing = (text: string, folder = '.') =>
  missingNames(text, folder, paths).map(({ line, name }) => `${line} ${name}`);

it('names the file and the folder that are gone, with their lines', () => {
  expect(missing('`sidecar/engine/`, `tf.ts`\n`tf2.ts` and `sidecar/gone/`')).toEqual(['2 tf2.ts', '2 sidecar/gone/']);
});

it('takes names from the text’s own folder and ends of paths, not parts of names', () => {
  expect(missing('`matmul.cu` `engine/tf.ts`', 'sidecar/engine/kernels')).toEqual([]);
  expect(missing('`ngine/tf.ts` `f.ts`')).toEqual(['1 ngine/tf.ts', '1 f.ts']);
});

it('lets * and words in capitals stand for a part of a name that must exist', () => {
  expect(missing('`sidecar/engine/*.ts` `sidecar/engine/NAME.ts` `README.md`')).toEqual([]);
  expect(missing('`sidecar/NAME.ts`')).toEqual(['1 sidecar/NAME.ts']);
});

it('leaves alone commands, options and what is built', () => {
  expect(missing('`npm run golden -- DIR` `--out` `dist/sidecar.js` `.cu` `https://a.b/c`')).toEqual([]);
});

// The checks that stand guard: of names in texts, and of package.json.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders';
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

describe('the contributions of package.json', () => {
  const check = (change: (text: string) => string) => {
    const folder = temporaryFolder();
    const manifest = readFileSync('package.json', 'utf8');
    writeFileSync(path.join(folder, 'package.json'), change(manifest));
    const { status, stderr } = spawnSync('node', ['scripts/run.mjs', 'scripts/contributes.ts', folder, '--check'], {
      encoding: 'utf8',
    });
    return { status, stderr };
  };

  it('pass where they are what the descriptors say', () => {
    expect(check(text => text)).toEqual({ status: 0, stderr: '' });
  });

  it('fail, and are named, where a title is another', () => {
    const { status, stderr } = check(text => text.replace('"title": "Compare Checkpoints"', '"title": "Compare"'));
    expect(status).toBe(1);
    expect(stderr).toContain('contributes.commands is stale');
  });
});

// The command line as a person uses it: words in, words and exit code out.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MethodInfo } from '../../protocol/methods';
import type { CheckpointReport, DifferenceReport, FolderReport } from '../../protocol/checkpoints';
import type { DatasetSummary } from '../../protocol/datasets';
import { rpg } from '../support/cli';
import { fixtures, goldenCases, temporaryFolder } from '../support/folders';

const zoo = path.join(goldenCases, 'tokens', 'small-cnn');
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- our own program printed it
const json = <T>(text: string): T => JSON.parse(text) as T;

function copyOfZoo(folder: string): string {
  const to = path.join(folder, 'my zoo');
  mkdirSync(path.join(to, 'checkpoint'), { recursive: true });
  for (const name of readdirSync(path.join(zoo, 'checkpoint')).filter(name => name.endsWith('.pth')))
    copyFileSync(path.join(zoo, 'checkpoint', name), path.join(to, 'checkpoint', name));
  return to;
}

describe('rpg methods', () => {
  test('lists the ways to learn a dataset, for people and for programs', async () => {
    const { code, stdout } = await rpg(['methods']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rpg +Recurrent diffusion +arXiv 2501\.11587 +A recurrent model/m);
    expect(json<MethodInfo[]>((await rpg(['methods', '--json'])).stdout)[0]).toMatchObject({ id: 'rpg' });
  });
});

describe('rpg inspect', () => {
  test('a file: tensors, types, shapes, statistics, problems', async () => {
    const { code, stdout } = await rpg(['inspect', path.join(fixtures, 'not_finite.pth')]);
    expect(code).toBe(0);
    expect(stdout).toContain('w: 1 of 6 values are NaN');
    expect(stdout).toContain('w: 2 of 6 values are infinite');
  });

  test('--json holds the same and more', async () => {
    const report = json<CheckpointReport>(
      (await rpg(['inspect', path.join(fixtures, 'not_finite.pth'), '--json'])).stdout,
    );
    expect(report.tensors[0]).toMatchObject({ name: 'w', dtype: 'float32', shape: [6] });
    expect(report.tensors[0]!.summary).toMatchObject({ mean: 1, min: 0, max: 2, nNaN: 1, nInfinite: 2, nZero: 1 });
    expect(report.tensors[0]!.summary!.histogram.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  test('a nested checkpoint lists its dictionaries and shows the one asked for', async () => {
    const report = json<CheckpointReport>(
      (await rpg(['inspect', path.join(fixtures, 'nested.pth'), '--json', '--key', 'optimizer.state.0'])).stdout,
    );
    expect(report.dictionaries.map(dictionary => dictionary.key)).toContain('model');
    expect(report.tensors.map(tensor => tensor.name)).toEqual(expect.arrayContaining(['exp_avg', 'exp_avg_sq']));
    const wrong = await rpg(['inspect', path.join(fixtures, 'nested.pth'), '--key', 'nope']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("'model'");
  });

  test('a folder: common structure, tokens, suggestion, what does not belong', async () => {
    const folder = copyOfZoo(temporaryFolder());
    copyFileSync(path.join(fixtures, 'tensor.pth'), path.join(folder, 'checkpoint', 'zz_other.pth'));
    const report = json<FolderReport>((await rpg(['inspect', folder, '--json'])).stdout);
    expect(report.nCheckpoints).toBe(4);
    expect(report.tokens.filter(count => count.isSuggested).length).toBe(1);
    expect(report.problems.join()).toMatch(/zz_other\.pth: tensor 0\.weight is missing/);
    expect(report.accuracy).toEqual({ best: 0.93, mean: expect.closeTo(0.915, 6) as number, min: 0.9 });
  });

  test.each([
    ['a missing file', ['inspect', '/nowhere/x.pth'], 'does not exist'],
    ['a forbidden pickle', ['inspect', path.join(fixtures, 'refused_call.pth')], 'posix.system'],
    ['a missing word', ['inspect'], 'path'],
    ['a misspelt command', ['inspekt', 'x'], 'inspect'],
    ['a misspelt option', ['inspect', 'x', '--jsn'], '--json'],
  ])('%s exits 2 and says what to do', async (_title, args, named) => {
    const result = await rpg(args);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(named);
    expect(result.stderr).not.toContain('    at ');
  });

  test.each([
    ['of a file', ['inspect', '/nowhere/x.pth'], 'file-system'],
    ['of words', ['generate', 'last', '--count', 'x'], 'bad-request'],
  ])('errors %s are JSON with --json', async (_title, args, expected) => {
    const { stdout, code } = await rpg([...args, '--json']);
    expect(code).toBe(2);
    expect(json<{ error: { code: string } }>(stdout).error.code).toBe(expected);
  });
});

describe('rpg bench', () => {
  test.each([
    ['--steps', '0 steps measure nothing; give at least 1'],
    ['--tokens', 'a checkpoint of 0 tokens is none; give at least 1'],
  ])('%s 0 is refused', async (option, message) => {
    const { code, stderr } = await rpg(['bench', '--preset', 'demo', '--device', 'cpu', option, '0']);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('rpg convert and rpg diff', () => {
  test('pth → safetensors → pth loses nothing', async () => {
    const folder = temporaryFolder();
    const [original, a, b] = [
      path.join(fixtures, 'state_dict.pth'),
      path.join(folder, 'a.safetensors'),
      path.join(folder, 'b.pth'),
    ];
    expect((await rpg(['convert', original, a])).code).toBe(0);
    expect((await rpg(['convert', a, b])).code).toBe(0);
    const report = json<DifferenceReport>((await rpg(['diff', original, b, '--json'])).stdout);
    expect(report.isEqual).toBe(true);
    expect(report.tensors.every(tensor => tensor.status === 'equal')).toBe(true);
  });

  test('a half type changes values a little, and diff says how much', async () => {
    const folder = temporaryFolder();
    const half = path.join(folder, 'half.pth');
    await rpg(['convert', path.join(fixtures, 'state_dict.pth'), half, '--dtype', 'float16']);
    const report = json<DifferenceReport>(
      (await rpg(['diff', path.join(fixtures, 'state_dict.pth'), half, '--json'])).stdout,
    );
    const conv = report.tensors.find(tensor => tensor.name === 'conv.weight')!;
    expect(conv.status).toBe('changed');
    expect(conv.relativeDistance).toBeLessThan(1e-3);
    expect(conv.cosine).toBeGreaterThan(0.999999);
    expect(conv.largestChange!.index.length).toBe(4);
  });

  test('an existing output is kept unless forced; an unknown ending is refused', async () => {
    const folder = temporaryFolder();
    const out = path.join(folder, 'x.pth');
    writeFileSync(out, 'mine');
    const refused = await rpg(['convert', path.join(fixtures, 'state_dict.pth'), out]);
    expect([refused.code, readFileSync(out, 'utf8')]).toEqual([2, 'mine']);
    expect(refused.stderr).toContain('--force');
    expect((await rpg(['convert', path.join(fixtures, 'state_dict.pth'), out, '--force'])).code).toBe(0);
    expect((await rpg(['convert', out, path.join(folder, 'x.onnx')])).stderr).toContain('.safetensors');
  });

  test.skipIf(process.getuid?.() === 0)(
    'a folder without write permission (skipped for root, who may write anywhere)',
    async () => {
      const folder = temporaryFolder();
      chmodSync(folder, 0o500);
      expect(
        (await rpg(['convert', path.join(fixtures, 'state_dict.pth'), path.join(folder, 'x.pth')])).stderr,
      ).toContain('permission');
    },
  );

  test.runIf(existsSync('/dev/full'))('a full disk is named with the remedy, and leaves nothing', async () => {
    // A file system of 64 KiB needs privileges; a size limit on the process gives the same error path.
    const folder = temporaryFolder();
    const { spawnSync } = await import('node:child_process');
    const limited = spawnSync(
      'bash',
      [
        '-c',
        `ulimit -f 64; trap '' XFSZ; "$0" "$@"`,
        process.execPath,
        path.resolve('dist/sidecar.js'),
        'convert',
        path.join(fixtures, 'many.pth'),
        path.join(folder, 'x.pth'),
      ],
      { encoding: 'utf8' },
    );
    expect(limited.status).toBe(2);
    expect(limited.stderr).toMatch(/x\.pth: .*larger than a file may be here/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('rpg register, datasets, unregister', () => {
  test('a folder is remembered under a name, listed, found by its neighbours, and forgotten', async () => {
    const workspace = temporaryFolder();
    copyOfZoo(workspace);
    writeFileSync(path.join(workspace, 'my zoo', 'test.py'), 'print("Acc: 0.5")');
    expect((await rpg(['register', 'my zoo'], { cwd: workspace })).stdout).toContain(
      'Registered my-zoo: 4 checkpoints of 2,864 weights',
    );
    mkdirSync(path.join(workspace, 'deeper'));
    const [dataset] = json<DatasetSummary[]>(
      (await rpg(['datasets', '--json'], { cwd: path.join(workspace, 'deeper') })).stdout,
    );
    expect(dataset).toMatchObject({ name: 'my-zoo', folder: 'my zoo', state: 'ready', nCheckpoints: 4 });
    expect(dataset!.testCommand).toContain('test.py');
    const again = await rpg(['register', 'my zoo'], { cwd: workspace });
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('--replace') as string]);
    expect(
      (await rpg(['register', 'my zoo', '--replace', '--test', 'python t.py {file}'], { cwd: workspace })).code,
    ).toBe(0);
    renameSync(path.join(workspace, 'my zoo'), path.join(workspace, 'moved'));
    expect(json<DatasetSummary[]>((await rpg(['datasets', '--json'], { cwd: workspace })).stdout)[0]!.state).toBe(
      'missing',
    );
    expect((await rpg(['unregister', 'my-zoo'], { cwd: workspace })).code).toBe(0);
    expect((await rpg(['datasets'], { cwd: workspace })).stdout).toContain('No dataset is registered');
    expect(readdirSync(path.join(workspace, 'moved', 'checkpoint')).length).toBeGreaterThanOrEqual(4);
  });

  test.each(['../escape', '.hidden', 'a/b', '', 'x\ny'])('the name %j is refused', async name => {
    const workspace = temporaryFolder();
    const result = await rpg(['register', copyOfZoo(workspace), '--name', name, '--workspace', workspace]);
    expect([result.code, existsSync(path.join(workspace, '.rpg'))]).toEqual([2, false]);
  });

  test('names in other scripts are welcome', async () => {
    const workspace = temporaryFolder();
    expect((await rpg(['register', copyOfZoo(workspace), '--name', '重み.v1', '--workspace', workspace])).code).toBe(0);
    expect((await rpg(['datasets', '--workspace', workspace])).stdout).toContain('重み.v1');
  });

  test('a record damaged or of a newer version is reported by file', async () => {
    const workspace = temporaryFolder();
    mkdirSync(path.join(workspace, '.rpg', 'datasets'), { recursive: true });
    const file = path.join(workspace, '.rpg', 'datasets', 'x.json');
    writeFileSync(file, '{');
    expect((await rpg(['datasets'], { cwd: workspace })).stderr).toContain('x.json');
    writeFileSync(file, JSON.stringify({ formatVersion: 2, name: 'x', folder: '.', fingerprint: '' }));
    expect((await rpg(['datasets'], { cwd: workspace })).stderr).toContain('newer version');
  });
});

test('Ctrl-C exits 130 without a trace', async () => {
  const folder = temporaryFolder();
  for (let copy = 0; copy < 400; copy++)
    copyFileSync(path.join(fixtures, 'many.pth'), path.join(folder, `${copy}.pth`));
  const result = await rpg(['inspect', folder], { interruptIn: folder });
  expect(result.code).toBe(130);
  expect(result.stderr).not.toContain('    at ');
  expect(readdirSync(folder)).not.toContain('.rpg-cache.json');
});

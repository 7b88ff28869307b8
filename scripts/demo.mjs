// `npm run demo`: the main job from one command, on a machine with only Node ≥ 20.15. Installs and builds when needed, trains a zoo
// of small real classifiers, learns it by recurrent diffusion on the CPU, generates new networks and judges them. Every step is
// an `rpg` command that works the same on your own folder; it is printed before it runs.
// `--zoo FOLDER` takes an existing folder of checkpoints instead; `--out FOLDER` is where everything goes (demo-workspace/).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { zoo: { type: 'string' }, out: { type: 'string' }, count: { type: 'string', default: '12' } },
});
const workspace = path.resolve(values.out ?? path.join(root, 'demo-workspace'));
const zooFolder = values.zoo ? path.resolve(values.zoo) : path.join(workspace, 'fashion-cnnsmall');
const windows = process.platform === 'win32';

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0) process.exit(status ?? 1);
}

function rpg(...args) {
  console.log(`\n$ rpg ${args.join(' ')}`);
  run(process.execPath, [path.join(root, 'dist', 'sidecar.js'), ...args], { cwd: workspace });
}

const installed = path.join(root, 'node_modules', '.package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(path.join(root, 'package-lock.json')).mtimeMs) {
  run(windows ? 'npm.cmd' : 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    shell: windows,
  });
}
run(process.execPath, ['esbuild.mjs', '--quiet'], { cwd: root });

mkdirSync(path.join(workspace, '.rpg'), { recursive: true });
const startedAt = Date.now();
if (!values.zoo && !existsSync(path.join(zooFolder, 'zoo.json'))) rpg('zoo', 'fashion-cnnsmall', '--out', zooFolder);
rpg('register', zooFolder, '--name', 'demo', '--replace');
rpg('train', '--dataset', 'demo', '--preset', 'demo', '--set', 'seed=1');
rpg('generate', 'last', '--count', values.count, '--seed', '1');
rpg('evaluate', 'last', '--report', path.join(workspace, 'report.html'));
console.log(
  `\nDone in ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes. Open ${path.join(workspace, 'report.html')}`,
);

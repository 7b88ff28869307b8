// `npm run package [-- --target linux-x64 …| --all]`: one VSIX a platform in build/, with the sidecar bundled and the native
// parts of that platform only. This platform by default. Fails above the size limit.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as vsce from '@vscode/vsce';
import { copyNativeKernels, nativeKernels } from './workers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const output = path.join(root, 'build');
/** Beside the sidecar, where Node looks for what it imports. */
const native = path.join(root, 'dist', 'node_modules');
const limitBytes = 25e6;

/** VS Code's name of a platform → koffi's package for it, which reaches the CUDA driver. macOS has none. */
const targets = {
  'linux-x64': '@koromix/koffi-linux-x64',
  'linux-arm64': '@koromix/koffi-linux-arm64',
  'win32-x64': '@koromix/koffi-win32-x64',
  'win32-arm64': '@koromix/koffi-win32-arm64',
  'darwin-x64': null,
  'darwin-arm64': null,
};

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
mkdirSync(output, { recursive: true });
run(process.execPath, ['esbuild.mjs', '--quiet']);
// Platforms without CUDA come last: their packages go without its kernels.
const lacksCuda = target => Number(targets[target] === null);
for (const target of wantedTargets().sort((a, b) => lacksCuda(a) - lacksCuda(b))) await packageFor(target);
rmSync(native, { recursive: true, force: true });
run(process.execPath, ['esbuild.mjs', '--quiet']); // what a platform had to go without

async function packageFor(target) {
  const file = path.join(output, `${manifest.name}-${manifest.version}-${target}.vsix`);
  rmSync(native, { recursive: true, force: true });
  if (targets[target]) copyKoffi(targets[target]);
  else rmSync(path.join(root, 'dist', 'kernels'), { recursive: true, force: true });
  if (target === 'linux-x64') copyNativeKernels('dist');
  else for (const kernel of nativeKernels) rmSync(path.join(root, 'dist', kernel), { force: true });
  await vsce.createVSIX({
    cwd: root,
    packagePath: file,
    target,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false, // the README's pictures are in the package
  });
  const { size } = statSync(file);
  console.log(`${path.relative(root, file)}: ${(size / 1e6).toFixed(1)} MB`);
  if (size > limitBytes) throw new Error(`${file} is larger than ${limitBytes / 1e6} MB`);
}

/** The script and the native part, from node_modules where it is this platform's, else from the registry. */
function copyKoffi(packageName) {
  const source = path.join(root, 'node_modules', 'koffi');
  const ours = path.join(native, 'koffi');
  mkdirSync(path.join(ours, 'src', 'koffi'), { recursive: true });
  // As a CommonJS package and as an ES module: a bundle asks for the second by a dynamic import.
  const code = ['index', 'src/koffi/index', 'src/koffi/src/static'].flatMap(name => [`${name}.cjs`, `${name}.js`]);
  const scripts = ['package.json', 'LICENSE.txt', ...code.filter(name => existsSync(path.join(source, name)))];
  for (const name of scripts) cpSync(path.join(source, name), path.join(ours, name));
  const installed = path.join(root, 'node_modules', packageName);
  const target = path.join(native, packageName);
  if (existsSync(installed)) cpSync(installed, target, { recursive: true });
  else fetchPackage(`${packageName}@${manifest.dependencies.koffi}`, target);
}

function fetchPackage(name, target) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'rpg-package-'));
  try {
    run('npm', ['pack', name, '--silent', '--pack-destination', scratch]);
    mkdirSync(target, { recursive: true });
    const [archive] = readdirSync(scratch);
    run('tar', ['-xzf', path.join(scratch, archive), '-C', target, '--strip-components=1']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function wantedTargets() {
  if (process.argv.includes('--all')) return Object.keys(targets);
  const named = process.argv.flatMap((arg, at) => (process.argv[at - 1] === '--target' ? [arg] : []));
  const wanted = named.length > 0 ? named : [`${process.platform}-${process.arch}`];
  for (const target of wanted)
    if (!(target in targets))
      throw new Error(`there is no target ${target}; choose of ${Object.keys(targets).join(', ')}`);
  return wanted;
}

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with code ${status}`);
}

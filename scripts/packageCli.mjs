// `npm run package:cli -- [--node FILE] [--tests]`: a folder that runs on a bare Linux x64 machine, build/rpg-linux-x64 (Node,
// dist, kernels, koffi, test images), and the same as tar.xz. `--node` names the Node binary to pack; by default the one that runs this.
// `--tests` adds the checks that need a card, for a host without a checkout: `./rpg-test golden DIR --engine cuda`.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { programBuild } from './programBuild.mjs';

const { values } = parseArgs({
  options: { node: { type: 'string', default: process.execPath }, tests: { type: 'boolean', default: false } },
});
const name = 'rpg-linux-x64';
const out = path.resolve('build', name);
execFileSync(process.execPath, ['esbuild.mjs', '--quiet'], { stdio: 'inherit' });
rmSync(out, { recursive: true, force: true });
mkdirSync(path.join(out, 'bin'), { recursive: true });
// The sidecar alone: no extension, no web view, no source maps.
const wanted = file => !file.endsWith('.map') && !/(extension|webview)\.(js|css)$/.test(file);
cpSync('dist', path.join(out, 'dist'), { recursive: true, filter: wanted });
for (const package_ of ['koffi', '@koromix/koffi-linux-x64']) {
  // What runs: no sources of the native part, no other C library's build.
  const filter = file => (statSync(file).isDirectory() ? !/musl_x64$/.test(file) : /\.(c?js|json|node)$/.test(file));
  cpSync(path.join('node_modules', package_), path.join(out, 'node_modules', package_), { recursive: true, filter });
}
cpSync('LICENSE', path.join(out, 'LICENSE'));
// The test images and the demo's zoo, so that the built-in test works there, too; `rpg zoo` needs the training images by --data.
cpSync('datasets', path.join(out, 'datasets'), {
  recursive: true,
  filter: file => !/train-(images|labels)/.test(file),
});
const node = path.join(out, 'bin/node');
cpSync(values.node, node, { dereference: true });
chmodSync(node, 0o755);
execFileSync('strip', [node]);
/** A shell script in the folder that starts one of its programs. */
function writeLauncher(file, program) {
  writeFileSync(file, `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n${program}\n`);
  chmodSync(file, 0o755);
}

const start = path.join(out, 'rpg');
writeLauncher(start, 'exec "$here/bin/node" "$here/dist/sidecar.js" "$@"');
if (values.tests) {
  const programs = ['golden/main', 'cuda/againstPortable', 'cuda/hopperAgainstPlain', 'bench/cudaBench'];
  for (const program of programs) {
    const name = program === 'golden/main' ? 'golden' : path.basename(program);
    await esbuild.build({
      ...programBuild(`test/${program}.ts`),
      outfile: path.join(out, 'dist', `test-${name}.cjs`),
      minify: true,
    });
  }
  writeLauncher(path.join(out, 'rpg-test'), 'name=$1; shift\nexec "$here/bin/node" "$here/dist/test-$name.cjs" "$@"');
}
execFileSync(start, ['--help'], { stdio: 'ignore' });
const archive = path.resolve('build', `${name}.tar.xz`);
execFileSync('tar', ['-C', 'build', '-cJf', archive, name], { env: { ...process.env, XZ_OPT: '-6 -T0' } });
console.log(`${archive}: ${(statSync(archive).size / 2 ** 20).toFixed(1)} MiB`);

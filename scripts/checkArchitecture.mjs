// `npm run check:architecture`: every file and folder that the project's own texts name exists. A name is what stands between
// backticks, has no blank, and has a slash or a source file's extension. It is looked for from the root, from the text's folder,
// and as the end of a tracked path. `*` and words in capitals (NAME, DIR) stand for any part of a name. Not looked at: names with
// other signs (commands, options, web addresses), bare extensions, and what is no part of the sources: dist/, build/, .rpg/,
// node_modules/, and test.py, which a zoo brings along.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const texts = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'sidecar/engine/cuda/kernels/README.md'];
const sourceFile = /\.(ts|mjs|cjs|js|cu|cuh|c|h|py|css|md)$/;
const notSources = /^((dist|build|\.rpg|node_modules)(\/|$)|\.\w+$|test\.py$)/;

/** Names in a text that no path has, with their lines. `paths`: tracked files, relative to the root. */
export function missingNames(text, folder, paths) {
  const missing = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const [, name] of line.matchAll(/`([\w./*-]+)`/g)) {
      if (!(name.includes('/') || sourceFile.test(name)) || notSources.test(name)) continue;
      if (!exists(name, folder, paths)) missing.push({ line: index + 1, name });
    }
  }
  return missing;
}

function exists(name, folder, paths) {
  const wanted = [path.posix.normalize(name), path.posix.join(folder, name)].map(one => one.replace(/^\.\/|\/$/g, ''));
  const patterns = wanted.map(one => {
    const escaped = one.replace(/[.+]/g, String.raw`\$&`).replace(/\*+|\b[A-Z]{3,}\b(?!\\\.md)/g, '[^/]+');
    return new RegExp(`(^|/)${escaped}(/|$)`);
  });
  return paths.some(one => patterns.some(pattern => pattern.test(one)));
}

function main() {
  const { stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const paths = stdout.split('\n').filter(Boolean);
  let failed = false;
  for (const text of texts) {
    for (const { line, name } of missingNames(
      readFileSync(path.join(root, text), 'utf8'),
      path.posix.dirname(text),
      paths,
    )) {
      console.error(`${text}:${line}: ${name} does not exist`);
      failed = true;
    }
  }
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();

// Writes the commands, menus and checkpoint endings of package.json from the descriptors; all else in the file stays as it is.
// `node scripts/run.mjs scripts/contributes.ts [FOLDER] [--check]`: with --check it only says what is stale, and fails; the folder
// of package.json is this repository's unless another is given.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EditorWords } from '../protocol/editor';
import { operationList } from '../protocol/operations';
import { checkpointExtensions } from '../sidecar/checkpoint/registry';
import { editorCommands } from '../src/commands/words';
import { contributions, problemsOf, type Contributes } from './contributions';

const [folder] = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
const file = path.join(folder ?? process.env.RPG_ROOT ?? '.', 'package.json');
const before = readFileSync(file, 'utf8');
const manifest = JSON.parse(before) as { contributes: Contributes }; // our own file
const words: readonly EditorWords[] = [
  ...operationList.flatMap(([, { editor }]) => (editor ? [editor] : [])),
  ...editorCommands,
];
const made = contributions(words, [...checkpointExtensions], manifest.contributes);
const problems = problemsOf(words, { ...manifest.contributes, ...made });
const stale = Object.entries(made).filter(
  ([key, value]) => JSON.stringify(manifest.contributes[key]) !== JSON.stringify(value),
);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else if (process.argv.includes('--check')) {
  for (const [key] of stale) console.error(`package.json: contributes.${key} is stale; run npm run contributes`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  const contributes = Object.fromEntries(
    Object.entries(manifest.contributes).map(([key, value]) => [
      key,
      key in made ? made[key as keyof typeof made] : value,
    ]),
  );
  writeFileSync(file, `${JSON.stringify({ ...manifest, contributes }, null, 2)}\n`);
  console.log(stale.length === 0 ? 'package.json was up to date' : `wrote ${stale.map(([key]) => key).join(', ')}`);
}

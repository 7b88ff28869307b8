// A new *.rpg.json beside the person's files, opened for editing: the JSON schema completes and checks it. Its editor title
// has a button that trains it.
import * as path from 'node:path';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { runConfigFields } from '../../protocol/runConfig';
import { writeFile } from '../writeFile';
import type { CommandContext } from './command';

export async function newConfiguration(
  { workspace }: CommandContext,
  dataset: string,
  preset: string,
): Promise<string> {
  const file = freeName(workspace(), dataset);
  const { batchSize, steps, learningRate } = runConfigFields.training;
  const content = {
    preset,
    dataset,
    seed: 0,
    training: { batchSize: batchSize.default, steps: steps.default, learningRate: learningRate.default },
  };
  const uri = vscode.Uri.file(file);
  await writeFile(uri, Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
  await vscode.window.showTextDocument(uri);
  return file;
}

function freeName(folder: string, dataset: string): string {
  for (let number = 1; ; number++) {
    const file = path.join(folder, `${dataset}${number === 1 ? '' : `-${number}`}.rpg.json`);
    if (!existsSync(file)) return file;
  }
}

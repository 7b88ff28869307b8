// RPG: Export — a run's weights for use elsewhere, its evaluation as a report or as JSON, its curve as CSV.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { metricsTail, runDetails } from '../../protocol/editor';
import { exportWeights } from '../../protocol/sidecar';
import type { RunSummary } from '../../protocol/runRecords';
import { SidecarError } from '../sidecarError';
import { formatBytes } from '../text/format';
import { writeFile } from '../writeFile';
import { askRun, choose } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';

const kinds = ['weights', 'evaluation', 'metrics'] as const;
type Kind = (typeof kinds)[number];
const endings: Readonly<Record<Kind, string>> = { weights: 'pth', evaluation: 'json', metrics: 'csv' };

export const exportRunCommand: RpgCommand = {
  id: 'rpg.exportRun',
  async run(context, argument) {
    const given = values(argument);
    const run = await askRun(context, 'Export', text(given.run), ({ status }) =>
      status === 'unreadable' ? 'its record cannot be read' : null,
    );
    if (!run) return undefined;
    const kind = kinds.find(candidate => candidate === given.kind) ?? (await askKind(context, run));
    if (!kind) return undefined;
    const out = text(given.out) ?? (await askTarget(context, run, kind));
    if (out === undefined) return undefined;
    const sizeBytes = await write(context, run, kind, out);
    const message = `${path.basename(out)} written, ${formatBytes(sizeBytes)}`;
    void vscode.window.showInformationMessage(message, 'Reveal in Explorer').then(chosen => {
      if (chosen) void vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(out));
    });
    return out;
  },
};

async function askKind({ client }: CommandContext, run: RunSummary): Promise<Kind | undefined> {
  const { evaluation } = await client.call(runDetails, { run: run.id });
  return choose<Kind>(`Export ${run.id}`, 'What?', [
    {
      label: '$(file-binary) Weights of the diffusion model',
      detail: 'PyTorch .pth with the published names; also what a new run can begin with',
      value: 'weights',
      reason: run.snapshots.length === 0 ? 'there is no snapshot yet' : null,
    },
    {
      label: '$(json) Newest evaluation',
      detail: 'JSON with every network, row and matrix',
      value: 'evaluation',
      reason: evaluation ? null : 'it was not evaluated yet',
    },
    { label: '$(graph-line) Loss and learning rate', detail: 'CSV, one line a step', value: 'metrics', reason: null },
  ]);
}

async function askTarget({ workspace }: CommandContext, run: RunSummary, kind: Kind): Promise<string | undefined> {
  const suggestion = path.join(workspace(), `${run.id}-${kind}.${endings[kind]}`);
  const chosen = await vscode.window.showSaveDialog({
    title: `Export ${kind}`,
    defaultUri: vscode.Uri.file(suggestion),
    filters: { [endings[kind].toUpperCase()]: [endings[kind]] },
  });
  return chosen?.fsPath;
}

/** Returns the size. The save dialog has asked before replacing. */
async function write({ client }: CommandContext, run: RunSummary, kind: Kind, out: string): Promise<number> {
  switch (kind) {
    case 'weights':
      return (await client.call(exportWeights, { run: run.id, out, overwrite: true })).sizeBytes;
    case 'evaluation': {
      const { evaluation } = await client.call(runDetails, { run: run.id });
      if (!evaluation) throw new SidecarError('not-evaluated', 'user', `${run.id} was not evaluated yet`);
      return writeText(out, `${JSON.stringify(evaluation.record, null, 2)}\n`);
    }
    case 'metrics':
      return writeText(out, await metricsCsv(client, run.id));
    default:
      return kind satisfies never;
  }
}

async function writeText(file: string, content: string): Promise<number> {
  const bytes = Buffer.from(content);
  await writeFile(vscode.Uri.file(file), bytes);
  return bytes.length;
}

async function metricsCsv(client: CommandContext['client'], run: string): Promise<string> {
  const lines = ['step,loss,learningRate'];
  for (let fromByte = 0, afterStep = 0, hasMore = true; hasMore;) {
    const tail = await client.call(metricsTail, { run, fromByte, afterStep });
    tail.steps.forEach((step, i) => lines.push(`${step},${tail.loss[i] ?? ''},${tail.learningRate[i] ?? ''}`));
    ({ nextByte: fromByte, hasMore } = tail);
    afterStep = tail.steps.at(-1) ?? afterStep;
  }
  return `${lines.join('\n')}\n`;
}

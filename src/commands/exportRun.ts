// RPG: Export — a run's weights for use elsewhere, its newest evaluation as a report or as JSON, its curves as CSV or for TensorBoard.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { exportReport } from '../../protocol/evaluation';
import { exportTensorBoard, exportWeights, metricsTail, runDetails } from '../../protocol/runs';
import type { RunSummary } from '../../protocol/runRecords';
import { SidecarError } from '../sidecarError';
import { formatBytes, formatCount } from '../../shared/words';
import { writeFile } from '../writeFile';
import { askFolder, askRun, choose } from './ask';
import { text, values, wholeNumber, type CommandContext, type RpgCommand } from './command';
import { runCommand } from '../runCommand';

const kinds = ['weights', 'report', 'evaluation', 'metrics', 'tensorBoard'] as const;
type Kind = (typeof kinds)[number];
/** Of the files; TensorBoard reads a folder. */
const endings: Readonly<Record<Exclude<Kind, 'tensorBoard'>, string>> = {
  weights: 'pth',
  report: 'html',
  evaluation: 'json',
  metrics: 'csv',
};

export const exportRunCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const run = await askRun(context, 'Export', text(given.run), ({ status }) =>
      status === 'unreadable' ? 'its record cannot be read' : null,
    );
    if (!run) return undefined;
    const kind = kinds.find(candidate => candidate === given.kind) ?? (await askKind(context, run));
    if (!kind) return undefined;
    const snapshot = kind === 'weights' ? await askSnapshot(run, given) : null;
    if (snapshot === undefined) return undefined;
    const out = text(given.out) ?? (await askTarget(context, run, kind));
    if (out === undefined) return undefined;
    const sizeBytes = await write(context, run, { kind, out, snapshot: snapshot ?? undefined });
    const message = `${path.basename(out)} written, ${formatBytes(sizeBytes)}`;
    void vscode.window.showInformationMessage(message, 'Reveal in Explorer').then(chosen => {
      if (chosen) void runCommand('revealInExplorer', vscode.Uri.file(out));
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
      label: '$(preview) Report of the newest evaluation',
      detail: 'one HTML file with tables and plots, for a browser',
      value: 'report',
      reason: evaluation ? null : 'it was not evaluated yet',
    },
    {
      label: '$(json) Newest evaluation',
      detail: 'JSON with every network, row and matrix',
      value: 'evaluation',
      reason: evaluation ? null : 'it was not evaluated yet',
    },
    { label: '$(graph-line) Loss and learning rate', detail: 'CSV, one line a step', value: 'metrics', reason: null },
    {
      label: '$(graph) Curves for TensorBoard',
      detail: 'an event file in a folder: loss, learning rate, speed, tests beside the training',
      value: 'tensorBoard',
      reason: run.step > 0 ? null : 'it has taken no step yet',
    },
  ]);
}

/** Asked by mouse, and only where there are several; null: the newest good one. */
async function askSnapshot(
  { id, snapshots }: RunSummary,
  given: Readonly<Record<string, unknown>>,
): Promise<number | null | undefined> {
  const wanted = wholeNumber(given.snapshot);
  if (wanted !== undefined || given.out !== undefined || snapshots.length < 2) return wanted ?? null;
  const newestFirst = snapshots.toReversed();
  return choose<number | null>(
    `Export ${id}`,
    'The weights of which step?',
    newestFirst.map((step, index) => ({
      label: `Step ${formatCount(step)}`,
      description: index === 0 ? 'the newest' : undefined,
      value: step,
      reason: null,
    })),
  );
}

async function askTarget({ workspace }: CommandContext, run: RunSummary, kind: Kind): Promise<string | undefined> {
  if (kind === 'tensorBoard') return askFolder('Write Events Here', 'A folder that TensorBoard shows, or is to show');
  const suggestion = path.join(workspace(), `${run.id}-${kind}.${endings[kind]}`);
  const chosen = await vscode.window.showSaveDialog({
    title: `Export ${kind}`,
    defaultUri: vscode.Uri.file(suggestion),
    filters: { [endings[kind].toUpperCase()]: [endings[kind]] },
  });
  return chosen?.fsPath;
}

/** Returns the size. The save dialog has asked before replacing. */
async function write(
  { client }: CommandContext,
  run: RunSummary,
  { kind, out, snapshot }: { kind: Kind; out: string; snapshot: number | undefined },
): Promise<number> {
  switch (kind) {
    case 'weights':
      return (await client.call(exportWeights, { run: run.id, out, snapshot, overwrite: true })).sizeBytes;
    case 'report':
      return (await client.call(exportReport, { run: run.id, out })).sizeBytes;
    case 'evaluation': {
      const { evaluation } = await client.call(runDetails, { run: run.id });
      if (!evaluation) throw new SidecarError('not-evaluated', 'user', `${run.id} was not evaluated yet`);
      return writeText(out, `${JSON.stringify(evaluation.record, null, 2)}\n`);
    }
    case 'metrics':
      return writeText(out, await metricsCsv(client, run.id));
    case 'tensorBoard':
      return (await client.call(exportTensorBoard, { run: run.id, out })).sizeBytes;
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

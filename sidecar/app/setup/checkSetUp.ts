// What this machine has of all that the product can use, and what would mend the rest. Nothing is installed or changed here.
import { existsSync, statfsSync } from 'node:fs';
import * as path from 'node:path';
import type { DatasetSummary } from '../../../protocol/datasets';
import type { SetUpItem } from '../../../protocol/setup';
import { datasetRoot, listDatasets } from '../../datasets/datasetStore';
import { parseCommandLine } from '../../evaluation/commandLine';
import { runProcess } from '../../evaluation/runProcess';
import type { OperationContext } from '../context';
import { devicesOf } from '../train/chooseDevice';

const pythonTimeLimitMs = 60_000;
/** A run with a few snapshots and evaluations of a small model; large ones say themselves what they need. */
const comfortableBytes = 2e9;

export async function checkSetUp(
  params: { python: string; isTrusted: boolean },
  context: OperationContext,
): Promise<SetUpItem[]> {
  context.report({ fraction: 0, message: 'Looking for devices' });
  const items = [await checkDevices(context), checkDisk(context.workspace)];
  context.report({ fraction: 0.3, message: 'Asking Python' });
  items.push(...(await checkPython(params, context)));
  context.report({ fraction: 0.9, message: 'Looking at the datasets' });
  for (const dataset of listDatasets(context.workspace)) items.push(...checkDataset(dataset, params.isTrusted));
  return items;
}

async function checkDevices(context: OperationContext): Promise<SetUpItem> {
  const probes = await Promise.all(
    (await devicesOf(context)).map(async device => ({ device, probe: await device.probe() })),
  );
  const available = probes.filter(({ probe }) => probe.kind === 'available');
  const reasons = probes.flatMap(({ device, probe }) =>
    probe.kind === 'unavailable' ? [`${device.engine}/${device.device}: ${probe.reason}`] : [],
  );
  const best = available[0]?.device;
  return {
    id: 'device',
    title: 'Devices for training',
    state: best ? 'ok' : 'missing',
    detail: [
      best ? `best: ${best.engine}/${best.device} (${available.length} available)` : 'none is available',
      ...reasons,
    ].join('; '),
    fix: { kind: 'chooseDevice' },
  };
}

function checkDisk(workspace: string): SetUpItem {
  const item = { id: 'disk', title: 'Room on the disk', fix: null } as const;
  try {
    const { bavail, bsize } = statfsSync(workspace);
    const freeBytes = bavail * bsize;
    const detail = `${(freeBytes / 1e9).toFixed(1)} GB free in ${workspace}`;
    return { ...item, state: freeBytes >= comfortableBytes ? 'ok' : 'missing', detail };
  } catch (error) {
    return { ...item, state: 'unknown', detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Python is needed for test commands written in it only: everything built in goes without. */
async function checkPython(
  { python, isTrusted }: { python: string; isTrusted: boolean },
  { workspace, signal }: OperationContext,
): Promise<SetUpItem[]> {
  const pythonItem = { id: 'python', title: 'Python', fix: { kind: 'choosePython' } } as const;
  const torchItem = { id: 'torch', title: 'PyTorch', fix: null } as const;
  if (!isTrusted) {
    const detail = 'not looked for: programs are run in a trusted workspace only';
    return [
      { ...pythonItem, state: 'unknown', detail },
      { ...torchItem, state: 'unknown', detail },
    ];
  }
  const ask = (program: string) =>
    runProcess([python, '-c', program], { cwd: workspace, timeLimitMs: pythonTimeLimitMs, signal });
  const version = await ask('import sys; print(sys.version.split()[0], sys.executable)');
  const foundPython = version.end.kind === 'exit' && version.end.code === 0;
  if (!foundPython) {
    const why = version.end.kind === 'not-started' ? version.end.reason : version.stderr.trim().slice(-200);
    const detail = `${python} does not run (${why}); needed only for tests and trainings written in Python`;
    return [
      { ...pythonItem, state: 'missing', detail },
      { ...torchItem, state: 'unknown', detail: 'needs Python' },
    ];
  }
  const torch = await ask('import torch; print(torch.__version__)');
  const foundTorch = torch.end.kind === 'exit' && torch.end.code === 0;
  return [
    { ...pythonItem, state: 'ok', detail: version.stdout.trim(), fix: null },
    foundTorch
      ? { ...torchItem, state: 'ok', detail: torch.stdout.trim() }
      : {
          ...torchItem,
          state: 'missing',
          detail: `${python} cannot import torch; needed only for tests and trainings that use it`,
          fix: { kind: 'terminal', command: `${python} -m pip install torch` },
        },
  ];
}

function checkDataset(dataset: DatasetSummary, isTrusted: boolean): SetUpItem[] {
  const { name, state, testCommand } = dataset;
  const folder: SetUpItem = {
    id: 'dataset',
    title: `Dataset ${name}`,
    state: state === 'ready' ? 'ok' : 'missing',
    detail: state === 'ready' ? dataset.path : `${dataset.path} is gone; locate the folder it moved to`,
    fix: state === 'ready' ? null : { kind: 'locateDataset', dataset: name },
  };
  const test = { id: 'test', title: `Test of ${name}` } as const;
  if (testCommand === null)
    return [
      folder,
      {
        ...test,
        state: 'ok',
        detail: 'built in, if its architecture has one',
        fix: { kind: 'setTest', dataset: name },
      },
    ];
  const missing = missingFile(testCommand, datasetRoot(dataset.path));
  const detail = missing === null ? testCommand : `${testCommand}: ${missing} does not exist`;
  const trusted = isTrusted ? '' : ' (not run: the workspace is not trusted)';
  return [
    folder,
    {
      ...test,
      state: missing === null ? 'ok' : 'missing',
      detail: detail + trusted,
      fix: { kind: 'setTest', dataset: name },
    },
  ];
}

/** The script a command names, when it is not in the folder the command runs in. */
function missingFile(command: string, folder: string): string | null {
  const script = parseCommandLine(command).find(word => /\.(py|sh|js|mjs|rb|pl|R)$/.test(word));
  if (script === undefined) return null;
  const file = path.resolve(folder, script);
  return existsSync(file) ? null : file;
}

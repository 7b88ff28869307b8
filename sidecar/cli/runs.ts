// `rpg runs`, `rpg stop`, `rpg export`, `rpg devices`.
import type { RunSummary } from '../../protocol/runRecords';
import { exportTensorBoard } from '../app/runs/exportTensorBoard';
import { devices, exportWeights, listRuns, stopRun } from '../app/runs/runs';
import type { Cli, CliCommand } from './cliCommand';
import { wholeNumber } from './deviceOptions';
import { formatBytes, formatCount, formatNumber } from '../../shared/words';
import { formatTable } from './format';

export const runsCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('runs')
      .description('list the runs of this workspace, newest last')
      .option('--json', 'print JSON')
      .action(async (options: { json?: boolean }) => {
        const runs = await cli.run(listRuns, {}, { title: 'Listing', json: options.json });
        if (options.json) cli.printJson(runs);
        else if (runs.length === 0) cli.print('No runs here yet. Start one: rpg train --dataset NAME --preset demo');
        else printRuns(runs, cli);
      });
  },
};

export const stopCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('stop')
      .description('ask the process that trains a run to save a snapshot and end')
      .argument('<run>', 'id, number, part of the id, or last')
      .option('--json', 'print JSON')
      .action(async (run: string, options: { json?: boolean }) => {
        const result = await cli.run(stopRun, { run }, { title: 'Stopping', json: options.json });
        if (options.json) cli.printJson(result);
        else if (result.isStopped) cli.print(`Stopped ${result.run}; go on with: rpg resume ${result.run}`);
        else cli.print(`Asked process ${result.pid} to stop ${result.run}; it ends after the step it is in`);
      });
  },
};

interface ExportOptions {
  snapshot?: number;
  tensorboard?: boolean;
  force?: boolean;
  json?: boolean;
}

export const exportCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('export')
      .description("write a run's weights under the published names, for use elsewhere or with rpg train --init")
      .argument('<run>', 'id, number, part of the id, or last')
      .argument('<out>', 'a .pth file; with --tensorboard, a folder')
      .option('--tensorboard', 'write loss, learning rate, speed and tests as TensorBoard events instead')
      .option('--snapshot <step>', 'which snapshot (default: the newest good one)', wholeNumber)
      .option('--force', 'replace the file if it exists')
      .option('--json', 'print JSON')
      .action(async (run: string, out: string, options: ExportOptions) => {
        if (options.tensorboard) {
          const result = await cli.run(exportTensorBoard, { run, out }, { title: 'Exporting', json: options.json });
          if (options.json) cli.printJson(result);
          else cli.print(`Wrote ${formatCount(result.nScalars)} values: tensorboard --logdir ${out}`);
          return;
        }
        const params = { run, out, snapshot: options.snapshot, overwrite: options.force };
        const result = await cli.run(exportWeights, params, { title: 'Exporting', json: options.json });
        if (options.json) cli.printJson(result);
        else cli.print(`Wrote ${result.file} (step ${result.step}, ${formatBytes(result.sizeBytes)})`);
      });
  },
};

export const devicesCommand: CliCommand = {
  add: (program, cli) => {
    program
      .command('devices')
      .description('list where training and sampling can run, or why not')
      .option('--json', 'print JSON')
      .action(async (options: { json?: boolean }) => {
        const list = await cli.run(devices, {}, { title: 'Looking', json: options.json });
        if (options.json) {
          cli.printJson(list);
          return;
        }
        const columns = [{ title: 'engine' }, { title: 'device' }, { title: 'state' }, { title: '' }];
        const rows = list.map(entry => [
          entry.engine,
          entry.device,
          entry.isAvailable ? 'available' : 'not available',
          [entry.description, ...entry.notes].join('; '),
        ]);
        cli.print(formatTable(columns, rows));
      });
  },
};

function printRuns(runs: readonly RunSummary[], cli: Cli): void {
  const right = 'right' as const;
  const columns = [
    { title: 'run' },
    { title: 'state' },
    { title: 'step', align: right },
    { title: 'of', align: right },
    { title: 'loss', align: right },
    { title: 'dataset' },
    { title: 'device' },
    { title: '' },
  ];
  const rows = runs.map(run => [
    run.id,
    run.pid === null ? run.status : `${run.status} (${run.pid})`,
    String(run.step),
    String(run.steps),
    formatNumber(run.loss),
    run.dataset,
    run.engine === '' ? '' : `${run.engine}/${run.device}`,
    (run.problem ?? '').split('\n')[0]!.slice(0, 80),
  ]);
  cli.print(formatTable(columns, rows));
}

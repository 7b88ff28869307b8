// `rpg runs`, `rpg stop`, `rpg export`.
import { formatBytes, formatCount } from '../../shared/words';
import { exportTensorBoard } from '../app/runs/exportTensorBoard';
import { exportWeights } from '../app/runs/runs';
import type { CliCommand } from './cliCommand';

export const runsCommand: CliCommand<'listRuns'> = {
  whenEmpty: 'No runs here yet. Start one: rpg train --dataset NAME --preset demo',
};

export const stopCommand: CliCommand<'stopRun'> = {
  print: ({ run, pid, isStopped }, cli) => {
    if (isStopped) cli.print(`Stopped ${run}; go on with: rpg resume ${run}`);
    else cli.print(`Asked process ${pid} to stop ${run}; it ends after the step it is in`);
  },
};

/** Two operations, for a person asks for either in the same words. */
export const exportCommand: CliCommand<'exportWeights'> = {
  description: "write a run's weights under the published names, for use elsewhere or with rpg train --init",
  help: { out: 'a .pth file; with --tensorboard, a folder' },
  extraFlag: {
    name: 'tensorboard',
    help: 'write loss, learning rate, speed and tests as TensorBoard events instead',
    before: 'snapshot',
  },
  run: async (params, { cli, json, isExtra }) => {
    const options = { title: 'Exporting', json };
    if (isExtra) {
      const { run, out } = params;
      const result = await cli.run(exportTensorBoard, { run, out }, options);
      if (json) cli.printJson(result);
      else cli.print(`Wrote ${formatCount(result.nScalars)} values: tensorboard --logdir ${out}`);
      return;
    }
    const result = await cli.run(exportWeights, params, options);
    if (json) cli.printJson(result);
    else cli.print(`Wrote ${result.file} (step ${result.step}, ${formatBytes(result.sizeBytes)})`);
  },
};

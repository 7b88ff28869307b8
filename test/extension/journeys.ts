// Whole ways through the product: the demo, networks for tasks and prompts, tests beside the training.
import * as assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { DatasetRecord } from '../../protocol/datasets';
import type { GenerateResult } from '../../protocol/generation';
import { runDetails } from '../../protocol/runs';
import type { TrainResult } from '../../protocol/training';
import { makeTrainingWorkspace } from '../support/trainingWorkspace';
import { command, extension, messagesOf, registeredZoo, tinySettings, workspace } from './host';

/** Three bits; the names carry the class. */
const taskOf = (index: number): string => `net_${index}_class000${index + 1}.pth`;

export function journeySuite(): void {
  describe('a journey', () => {
    before(async () => {
      await registeredZoo();
      const evaluate = vscode.workspace.getConfiguration('rpg.evaluate');
      await evaluate.update('networksPerBaseline', 0, true);
      await evaluate.update('midpoints', 0, true);
    });

    it('Try the Demo trains on the packaged zoo; its networks are generated, and judged by the built-in test', async () => {
      const settings = ['training.steps=12', 'training.batchSize=2', 'diffusion.diffusionBatch=64'];
      const trained = await command<TrainResult>('rpg.tryDemo', { settings });
      assert.equal(trained.status, 'finished');
      const { context } = await extension();
      const demo = context.library.datasets.find(({ name }) => name === 'rpg-demo');
      assert.equal(demo?.nCheckpoints, 50);
      assert.equal(demo.testCommand, null);

      const { run } = trained;
      const generated = await command<GenerateResult>('rpg.generate', { run, count: 2, sampler: 'ddim', steps: 3 });
      await command('rpg.evaluate', { run, generated: generated.folder });
      const { evaluation } = await context.client.call(runDetails, { run });
      const rows = new Map(evaluation!.record.evaluation.rows.map(row => [row.group, row]));
      assert.equal(rows.get('generated')?.count, 2);
      const originals = rows.get('originals')?.accuracy?.mean ?? 0;
      assert.ok(originals > 0.85 && originals < 0.9, `the packaged checkpoints test at ${originals}`);
      assert.equal(evaluation!.record.evaluation.iou?.names.length, 52);

      // A second time it goes on with what is there.
      const again = await command<TrainResult>('rpg.tryDemo', { settings });
      assert.equal(again.status, 'finished');
      assert.equal(context.library.datasets.filter(({ name }) => name.startsWith('rpg-demo')).length, 1);
    });

    it('Generate for a Task and from a Prompt make the networks that were asked for', async () => {
      const { zoo } = await makeTrainingWorkspace(path.join(workspace, 'tasks'), { nCheckpoints: 4, nameOf: taskOf });
      writeFileSync(path.join(zoo, 'labels.txt'), 'cat\ndog\nship\n');
      await command('rpg.registerFolder', { folder: zoo, name: 'tasks' });
      const condition = ['condition.kind=taskFull', 'condition.taskBits=3', 'condition.dCondition=6'];
      const settings = [...tinySettings(8), ...condition];
      const { run } = await command<TrainResult>('rpg.train', { dataset: 'tasks', preset: 'demo', settings });

      const sampler = { sampler: 'ddim', steps: 2 };
      const task = await command<GenerateResult>('rpg.generateForTask', { run, classes: [7, 2], ...sampler });
      assert.deepEqual(
        task.networks.map(({ record }) => record.class),
        [7, 2],
      );
      const prompt = 'everything except dogs';
      const prompted = await command<GenerateResult>('rpg.generateFromPrompt', { run, prompt, ...sampler });
      assert.deepEqual(
        prompted.networks.map(({ record }) => record.class),
        [0b101],
      );
      assert.ok(existsSync(prompted.networks[0]!.file));
      const [refusal] = await messagesOf(() => command('rpg.generateForTask', { run, classes: [99], ...sampler }));
      assert.match(refusal?.text ?? '', /99/);
      await command('rpg.unregister', { dataset: 'tasks' });
    });

    it('networks tested beside the training are a curve of the results', async () => {
      await command<DatasetRecord>('rpg.editTestCommand', {
        dataset: 'zoo',
        testCommand: `${process.execPath} -e "console.log('Acc: 0.75')" {file}`,
      });
      const settings = [...tinySettings(6, 3), 'training.evaluateEvery=3'];
      const { run } = await command<TrainResult>('rpg.train', { dataset: 'zoo', preset: 'demo', settings });
      const { context } = await extension();
      const { duringTraining } = await context.client.call(runDetails, { run });
      // Step 6 is left out: step 3 was still tested.
      assert.deepEqual(duringTraining, [{ step: 3, accuracy: 0.75, problem: null }]);
    });
  });
}

// RPG: Evaluate — judges a run's generated networks beside its training checkpoints and the trivial baselines; where no test
// fits, by their weights only.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { evaluateRun } from '../../protocol/evaluation';
import { runDetails } from '../../protocol/runs';
import { withAttempt } from '../errorMessage';
import { readSettings } from '../settings';
import { about, formatCount, plural, roughDuration } from '../../shared/words';
import { SidecarError } from '../sidecarError';
import { askRun, choose } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { callWithNotification } from './runJob';

export const evaluateCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const run = await askRun(context, 'Evaluate', text(given.run), ({ status }) =>
      status === 'unreadable' ? 'its record cannot be read' : null,
    );
    if (!run) return undefined;
    const generated = text(given.generated) ?? (await askSamples(context, run.id));
    if (generated === undefined) return undefined;
    const chosen = { run: run.id, generated, weightsOnly: given.weightsOnly === true };
    const params = { ...chosen, seed: 0, ...readSettings().evaluation };
    const { evaluation: result, file } = await callWithNotification(
      context,
      `Evaluating ${run.id}`,
      evaluateRun,
      params,
      run.id,
    ).catch((error: unknown) => {
      throw withAttempt(error, { verb: 'Evaluate', command: 'rpg.evaluate', given: chosen });
    });
    await context.library.refresh();
    await context.results.show([run.id], 'accuracy');
    const own = result.rows.find(({ group }) => group === 'generated');
    const mean = own?.accuracy ? `mean accuracy ${(100 * own.accuracy.mean).toFixed(2)} %, ` : '';
    const message = `${run.id}: ${mean}evaluated in ${roughDuration(result.elapsedMs)}`;
    const failures = result.networks.map(({ failure }) => failure).filter(failure => failure !== null);
    if (failures.length === 0) void vscode.window.showInformationMessage(message);
    else
      void vscode.window.showWarningMessage(
        `${message}; the test failed on ${formatCount(failures.length)} of ${plural(result.networks.length, 'network')}: ${failures[0]!.split('\n')[0]!}`,
      );
    return { id: path.basename(file, '.json'), rows: result.rows.length };
  },
};

/** The generated networks to judge, each with the tests it takes, and their time where some were made. *Errors* `nothing-generated`. */
async function askSamples({ client }: CommandContext, run: string): Promise<string | undefined> {
  const { samples, dataset, evaluation } = await client.call(runDetails, { run });
  if (samples.length === 0)
    throw new SidecarError('nothing-generated', 'user', `${run} has generated no networks yet; generate some first`, {
      run,
    });
  if (samples.length === 1) return samples[0]!.folder;
  const { networksPerBaseline, midpoints } = readSettings().evaluation;
  const nCheckpoints = dataset?.nCheckpoints ?? 0;
  const { baselines } = await client.capabilities();
  const ofBaselines = baselines
    .filter(({ minOriginals }) => minOriginals <= nCheckpoints)
    .reduce((sum, { distinct }) => sum + Math.min(networksPerBaseline, distinct ?? Infinity), 0);
  const others = nCheckpoints + ofBaselines + midpoints;
  const made = evaluation?.record.evaluation;
  const msPerTest = made && made.networks.length > 0 ? made.elapsedMs / made.networks.length : null;
  const choices = samples.map(({ folder, title, step, networks }) => {
    const nTests = networks.length + others;
    const time = msPerTest === null ? '' : ` · ${about(nTests * msPerTest)}`;
    return {
      label: `$(files) ${title}`,
      description: `from step ${formatCount(step)} · about ${plural(nTests, 'test')}${time}`,
      value: folder,
      reason: null,
    };
  });
  return choose(`Evaluate ${run}`, 'Which networks?', choices);
}

// RPG: Generate — a run, how many networks, how to sample; the networks are written beside the run and can be evaluated next.
// A run that was trained with tasks is asked for a task.
import * as vscode from 'vscode';
import { mostDdimSteps } from '../../protocol/ddim';
import { generate, type GenerateParams, type GenerateResult } from '../../protocol/generation';
import { runDetails } from '../../protocol/runs';
import type { RunSummary } from '../../protocol/runRecords';
import { readSettings } from '../settings';
import { blockedActions } from '../state/viewState';
import { about, formatCount, plural, roughDuration } from '../../shared/words';
import { wholeNumberProblem } from '../text/validate';
import { askRun, askText, choose, type Choice } from './ask';
import { text, values, wholeNumber, type CommandContext, type RpgCommand } from './command';
import { askOptions, optionsOf, type GenerateOptions } from './generateOptions';
import { callWithNotification } from './runJob';
import { runCommand } from '../runCommand';

export const generateCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const run = await askRun(context, 'Generate networks', text(given.run), generationBlocked);
    if (!run) return undefined;
    const { config } = await context.client.call(runDetails, { run: run.id });
    if (config && config.condition.kind !== 'none') return runCommand('rpg.generateForTask', { ...given, run: run.id });
    const count = wholeNumber(given.count) ?? (await askCount(run));
    if (count === undefined) return undefined;
    const sampler = samplerOf(given) ?? (await askSampler(context, count, run));
    return sampler && generateAndTell(context, run, { count, ...sampler });
  },
};

export const generationBlocked = (run: RunSummary): string | null => blockedActions(run, null).generate ?? null;

/** *Errors* those of `generate`. */
export async function generateAndTell(
  context: CommandContext,
  run: RunSummary,
  params: Omit<GenerateParams, 'run'>,
): Promise<GenerateResult> {
  const { device } = readSettings();
  const title = `Generating from ${run.id}`;
  const result = await callWithNotification(context, title, generate, { ...params, run: run.id, ...device }, run.id);
  void context.library.refresh();
  const broken = result.networks.filter(({ record }) => record.nNotFinite > 0).length;
  const problem = broken > 0 ? `; ${plural(broken, 'network')} with values that are not finite` : '';
  const generated = `${plural(result.networks.length, 'network')} generated in ${roughDuration(result.samplingMs)}${problem}`;
  const message = [generated, ...result.notes].join('. ');
  void vscode.window.showInformationMessage(message, 'Evaluate', 'Reveal in Explorer').then(chosen => {
    if (chosen === 'Evaluate') void runCommand('rpg.evaluate', { run: run.id, generated: result.folder });
    if (chosen === 'Reveal in Explorer')
      void runCommand('revealInExplorer', vscode.Uri.file(result.networks[0]?.file ?? result.folder));
  });
  return result;
}

async function askCount(run: RunSummary): Promise<number | undefined> {
  const answer = await askText({
    title: `Generate from ${run.id}`,
    prompt: 'How many networks?',
    value: String(readSettings().generateCount),
    problem: input => wholeNumberProblem(input, { min: 1, max: 1_000_000 }),
  });
  return answer === undefined ? undefined : Number(answer);
}

type SamplerChoice = Pick<GenerateParams, 'sampler' | 'steps'> & GenerateOptions;

/**
 * The cost is counted in passes through the denoiser; where the run has generated before, also in the time that they took. The
 * last entry leads to all other options.
 */
export async function askSampler(
  { client }: CommandContext,
  count: number,
  run: RunSummary,
): Promise<SamplerChoice | undefined> {
  const { generateSampler, generateSteps } = readSettings();
  const known = client.call(runDetails, { run: run.id });
  const offers = async (): Promise<Choice<SamplerChoice | 'more'>[]> => {
    const [{ samplers }, { samples, config }] = await Promise.all([client.capabilities(), known]);
    const measured = samples.find(({ msPerNetwork, passes }) => msPerNetwork !== null && passes > 0);
    const msPerPass = measured ? measured.msPerNetwork! / measured.passes : null;
    const preferred = [...samplers].sort(({ name }) => (name === generateSampler ? -1 : 1));
    const choices = preferred.map(({ name, title, defaultSteps }): Choice<SamplerChoice> => {
      const most = config ? mostDdimSteps(config.diffusion.T, 'published') : Infinity;
      const steps = defaultSteps === null ? undefined : Math.min(generateSteps, most);
      const passes = count * (steps ?? config?.diffusion.T ?? 0);
      const time = msPerPass === null ? '' : ` · ${about(passes * msPerPass)}`;
      return {
        label: title,
        description: `${formatCount(passes)} passes in all${time}`,
        detail: steps === undefined ? 'every step, as trained' : `${plural(steps, 'step')} a network`,
        value: { sampler: name, steps },
        reason: null,
      };
    });
    const more = { label: '$(settings) With other options…', detail: 'snapshot, seed, format, test, …', reason: null };
    return isMore ? choices : [...choices, { ...more, value: 'more' }];
  };
  let isMore = false;
  const ask = (): Promise<SamplerChoice | 'more' | undefined> =>
    choose('How to sample', 'Fewer steps are faster; every step is what the run was trained for', offers());
  const chosen = await ask();
  if (chosen !== 'more') return chosen;
  isMore = true;
  const sampler = await ask();
  if (sampler === undefined || sampler === 'more') return undefined;
  const { samplers } = await client.capabilities();
  const facts = {
    details: await known,
    sampler: { options: samplers.find(({ name }) => name === sampler.sampler)?.options ?? [] },
    steps: sampler.steps,
    what: plural(count, 'network'),
  };
  const options = await askOptions(facts);
  return options && { ...sampler, ...options };
}

/** A sampler that was given instead of asked for, with the options beside it. */
export function samplerOf(given: Readonly<Record<string, unknown>>): SamplerChoice | undefined {
  const { sampler, steps } = given;
  if (sampler === 'ddpm') return { ...optionsOf(given), sampler };
  if (sampler !== 'ddim') return undefined;
  return { ...optionsOf(given), sampler, steps: wholeNumber(steps) ?? readSettings().generateSteps };
}

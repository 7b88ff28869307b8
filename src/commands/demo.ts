// RPG: Try the Demo and Create Demo Zoo — for people without checkpoints of their own, and for a first look.
import * as path from 'node:path';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { train } from '../../protocol/training';
import { createZoo, estimateZoos, prepareDemo, prepareZooDefaults, type ZooEstimate } from '../../protocol/zoo';
import { readSettings } from '../settings';
import { about, formatBytes, plural } from '../../shared/words';
import { wholeNumberProblem } from '../text/validate';
import { askText, choose, type Choice } from './ask';
import { text, values, wholeNumber, type CommandContext, type RpgCommand } from './command';
import { callWithNotification } from './runJob';
import { trainAndTell } from './training';
import { runCommand } from '../runCommand';

const demoFolder = 'rpg-demo';

/** The packaged zoo is copied, and a training of minutes begins on it. */
export const tryDemoCommand: RpgCommand = {
  async run(context, argument) {
    const folder = path.join(context.workspace(), demoFolder);
    const { dataset } = await callWithNotification(context, 'Preparing the demo', prepareDemo, { folder });
    await context.library.refresh();
    const given = values(argument);
    const settings = Array.isArray(given.settings)
      ? given.settings.filter(item => typeof item === 'string')
      : undefined;
    const { device, workers } = readSettings();
    const params = { dataset, preset: 'demo', settings, workers, ...device };
    return trainAndTell(context, 'Training the demo', train, params);
  },
};

/** A zoo from nothing: networks trained on packaged images by a recipe. */
export const createDemoZooCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const recipe = text(given.recipe) ?? (await askRecipe(context));
    if (recipe === undefined) return undefined;
    const perRun = wholeNumber(given.perRun) ?? (await askCount('How many checkpoints?', prepareZooDefaults.perRun));
    if (perRun === undefined) return undefined;
    const out = path.join(context.workspace(), freeName(context.workspace(), text(given.name) ?? recipe));
    const epochs = wholeNumber(given.epochs) ?? null;
    const params = { ...prepareZooDefaults, recipe, perRun, out, epochs };
    const result = await callWithNotification(context, `Training a zoo of ${perRun}`, createZoo, params);
    await context.library.refresh();
    const { mean } = result.accuracy;
    const message = `${plural(result.checkpoints.length, 'checkpoint')} with a mean accuracy of ${(100 * mean).toFixed(1)} % registered as ${result.dataset}`;
    void vscode.window.showInformationMessage(message, 'Train').then(chosen => {
      if (chosen) void runCommand('rpg.train', { dataset: result.dataset });
    });
    return { dataset: result.dataset, folder: result.folder };
  },
};

async function askRecipe({ client }: CommandContext): Promise<string | undefined> {
  const recipes = async (): Promise<Choice<string>[]> => {
    const [{ zooRecipes }, estimates] = await Promise.all([
      client.capabilities(),
      client.call(estimateZoos, {}, { onProgress: () => {} }),
    ]);
    return zooRecipes.map(({ name, title }) => {
      const estimate = estimates.find(({ recipe }) => recipe === name);
      return { label: name, description: estimate && costOf(estimate), detail: title, value: name, reason: null };
    });
  };
  return choose('Create Demo Zoo', 'Timing a few steps of each…', recipes(), () => 'Which networks?');
}

function costOf({ trainingMs, testMs, memoryBytes }: ZooEstimate): string {
  const { perRun } = prepareZooDefaults;
  return `${about(trainingMs + perRun * testMs)} for ${plural(perRun, 'checkpoint')} · ${formatBytes(memoryBytes)} of memory`;
}

async function askCount(prompt: string, value: number): Promise<number | undefined> {
  const answer = await askText({
    title: 'Create Demo Zoo',
    prompt,
    value: String(value),
    problem: input => wholeNumberProblem(input, { min: 2, max: 10_000 }),
  });
  return answer === undefined ? undefined : Number(answer);
}

function freeName(folder: string, base: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!existsSync(path.join(folder, name))) return name;
  }
}

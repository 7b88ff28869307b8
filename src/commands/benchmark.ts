// RPG: Benchmark — times training steps of a preset on the chosen device, on random numbers: what `rpg bench` prints, as a report.
import { usualDdimSteps } from '../../protocol/ddim';
import { benchmark } from '../../protocol/training';
import { showReport } from '../editors/reports';
import { readSettings } from '../settings';
import { benchmarkText } from '../text/reports';
import { choose } from './ask';
import { text, values, wholeNumber, type RpgCommand } from './command';
import { callWithNotification } from './runJob';

export const benchmarkCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const { presets } = await context.client.capabilities();
    const choices = presets.map(({ name, title }) => ({ label: name, detail: title, value: name, reason: null }));
    const preset = text(given.preset) ?? (await choose('Benchmark', 'Which size?', choices));
    if (preset === undefined) return undefined;
    const { device } = readSettings();
    const params = {
      preset,
      nTokens: wholeNumber(given.nTokens),
      steps: wholeNumber(given.steps),
      sampleSteps: wholeNumber(given.sampleSteps) ?? usualDdimSteps,
      ...device,
    };
    const result = await callWithNotification(context, `Timing ${preset}`, benchmark, params);
    await showReport(`Benchmark of ${preset}`, benchmarkText(result, params.sampleSteps));
    return result;
  },
};

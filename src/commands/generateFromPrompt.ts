// RPG: Generate from a Prompt… — says in words which labels the network is to find. What was understood is shown while one
// types, before anything is generated.
import * as vscode from 'vscode';
import { type PromptReading, readPrompt } from '../../protocol/generation';
import { textOf } from '../errorMessage';
import { toSidecarError } from '../sidecarError';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { askSampler, generateAndTell, samplerOf } from './generate';
import { askTaskRun } from './generateForTask';

export const generateFromPromptCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const found = await askTaskRun(context, 'Generate from a prompt', text(given.run));
    if (!found) return undefined;
    const { run } = found;
    const prompt = text(given.prompt);
    const reading =
      prompt === undefined
        ? await askPrompt(context, run.id)
        : await context.client.call(readPrompt, { run: run.id, prompt });
    if (!reading) return undefined;
    const sampler = samplerOf(given) ?? (await askSampler(context, 1, run));
    return sampler && generateAndTell(context, run, { classes: [reading.class], count: 1, ...sampler });
  },
};

async function askPrompt({ client }: CommandContext, run: string): Promise<PromptReading | undefined> {
  let last: PromptReading | undefined;
  const answer = await vscode.window.showInputBox({
    title: `Generate from a prompt with ${run}`,
    prompt: 'Which labels is the network to find?',
    placeHolder: 'cats and dogs   ·   everything except ships',
    ignoreFocusOut: true,
    async validateInput(input) {
      if (input.trim() === '') return null;
      try {
        last = await client.call(readPrompt, { run, prompt: input });
      } catch (error) {
        return textOf(toSidecarError(error));
      }
      return { message: describeReading(last), severity: vscode.InputBoxValidationSeverity.Info };
    },
  });
  return answer === undefined || answer.trim() === '' ? undefined : client.call(readPrompt, { run, prompt: answer });
}

/** `cat, dog → bits 0001010000, task 80; not understood: weasel`. */
function describeReading({ labels, bits, class: task, unknown }: PromptReading): string {
  const understood = `${labels.join(', ') || 'no label'} → bits ${bits.join('')}, task ${task}`;
  return unknown.length === 0 ? understood : `${understood}; not understood: ${unknown.join(', ')}`;
}

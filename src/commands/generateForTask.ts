// RPG: Generate for a Task… — networks for given tasks, from a run that was trained with tasks; unseen ones included.
import { runDetails } from '../../protocol/runs';
import type { ResolvedRunConfig } from '../../protocol/runConfig';
import type { RunSummary } from '../../protocol/runRecords';
import { SidecarError } from '../sidecarError';
import { classesProblem, parseClasses } from '../text/validate';
import { askRun, askText } from './ask';
import { text, values, type CommandContext, type RpgCommand } from './command';
import { askSampler, generateAndTell, generationBlocked, samplerOf } from './generate';

export const generateForTaskCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const found = await askTaskRun(context, 'Generate for a task', text(given.run));
    if (!found) return undefined;
    const { run, condition } = found;
    const classes = Array.isArray(given.classes)
      ? given.classes.map(Number)
      : await askClasses(run, condition.taskBits);
    if (!classes) return undefined;
    const sampler = samplerOf(given) ?? (await askSampler(context, classes.length, run));
    return sampler && generateAndTell(context, run, { classes, count: 1, ...sampler });
  },
};

/** A run that was trained with tasks. *Errors* `run-without-tasks`, saying what would give one. */
export async function askTaskRun(
  context: CommandContext,
  title: string,
  given: string | undefined,
): Promise<{ run: RunSummary; condition: ResolvedRunConfig['condition'] } | undefined> {
  await context.library.refresh();
  const conditions = new Map<string, ResolvedRunConfig['condition']>();
  await Promise.all(
    context.library.runs.map(async ({ id }) => {
      const { config } = await context.client.call(runDetails, { run: id });
      if (config && config.condition.kind !== 'none') conditions.set(id, config.condition);
    }),
  );
  const reason = 'it was not trained with tasks (condition.kind is none)';
  if (conditions.size === 0 && context.library.runs.length > 0)
    throw new SidecarError(
      'run-without-tasks',
      'user',
      `${given ?? 'no run of this workspace'} ${given === undefined ? 'was trained with tasks' : 'was not trained with tasks'}; train with the preset unseen-tasks on checkpoints whose names carry a class (…_class0279_…)`,
    );
  const run = await askRun(context, title, given, summary =>
    conditions.has(summary.id) ? generationBlocked(summary) : reason,
  );
  const condition = run && conditions.get(run.id);
  return run && condition && { run, condition };
}

async function askClasses(run: RunSummary, taskBits: number): Promise<number[] | undefined> {
  const answer = await askText({
    title: `Generate for a task from ${run.id}`,
    prompt: `Task numbers: each is ${taskBits} bits, one for every label`,
    placeholder: '3, 17, 279',
    problem: input => classesProblem(input, taskBits),
  });
  return answer === undefined ? undefined : parseClasses(answer);
}

// RPG: Resume — goes on with a run that was stopped, interrupted or failed, from its newest good snapshot.
import { resume } from '../../protocol/sidecar';
import { blockedActions } from '../state/viewState';
import { askRun } from './ask';
import { text, values, type RpgCommand } from './command';
import { trainAndTell } from './training';

export const resumeCommand: RpgCommand = {
  id: 'rpg.resume',
  async run(context, argument) {
    const run = await askRun(
      context,
      'Resume',
      text(values(argument).run),
      summary => blockedActions(summary, null).resume ?? null,
    );
    return run && trainAndTell(context, `Training ${run.id}`, resume, { run: run.id });
  },
};

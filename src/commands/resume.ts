// RPG: Resume — goes on with a run that was stopped, interrupted or failed, from its newest good snapshot.
import { resume } from '../../protocol/training';
import { parseDevice } from '../settings';
import { blockedActions } from '../state/viewState';
import { askRun } from './ask';
import { askDevice } from './chooseDevice';
import { text, values, type RpgCommand } from './command';
import { trainAndTell } from './training';

export const resumeCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const run = await askRun(
      context,
      'Resume',
      text(given.run),
      summary => blockedActions(summary, null).resume ?? null,
    );
    if (!run) return undefined;
    const device = given.chooseDevice === true ? await askDevice(context.client, `Resume ${run.id}`) : given.device;
    if (device === undefined && given.chooseDevice === true) return undefined;
    return trainAndTell(context, `Training ${run.id}`, resume, {
      run: run.id,
      ...parseDevice(text(device) ?? ''),
      acceptChanged: given.acceptChanged === true,
      force: given.force === true,
    });
  },
};

// Small commands: the log, a refresh, a new sidecar, a new configuration file.
import { askDataset } from './ask';
import { text, values, type RpgCommand } from './command';
import { newConfiguration } from './newConfiguration';

export const showLogCommand: RpgCommand = {
  async run({ log }) {
    log.show(true);
  },
};

export const refreshCommand: RpgCommand = {
  async run({ library }) {
    await library.refresh();
  },
};

/** For a sidecar that hangs, or after another Node was chosen. What it trains is saved first. */
export const restartSidecarCommand: RpgCommand = {
  async run({ sidecar, library, log }) {
    log.info('the sidecar is restarted by command');
    await sidecar.restart();
    await library.refresh();
    return sidecar.pid;
  },
};

export const newConfigurationCommand: RpgCommand = {
  async run(context, argument) {
    const given = values(argument);
    const dataset = await askDataset(context, 'New configuration', text(given.dataset), () => null);
    return dataset && newConfiguration(context, dataset.name, text(given.preset) ?? 'demo');
  },
};

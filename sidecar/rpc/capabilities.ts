// What a person can choose from, gathered from the registries: an editor builds its pickers of it.
import type { Capabilities } from '../../protocol/session';
import { checkpointFormats } from '../checkpoint/registry';
import { presets } from '../config/presets';
import { baselines } from '../evaluation/baselines/registry';
import { recurrentModels } from '../model/recurrent/registry';
import { samplers } from '../model/samplers/registry';
import { zooRecipes } from '../zoo/recipes/registry';

/** Cheap: nothing is probed. */
export function capabilities(): Capabilities {
  return {
    checkpointFormats: checkpointFormats.map(({ id, title, extensions, write }) => ({
      id,
      title,
      extensions: [...extensions],
      isWritten: write !== undefined,
    })),
    presets: presets.map(({ name, title, values }) => ({
      name,
      title,
      isForTasks: (values.condition?.kind ?? 'none') !== 'none',
    })),
    recurrentModels: Object.keys(recurrentModels),
    samplers: samplers
      .toSorted((a, b) => (a.defaultSteps ?? Number.MAX_VALUE) - (b.defaultSteps ?? Number.MAX_VALUE))
      .map(({ name, title, defaultSteps, options }) => ({ name, title, defaultSteps, options: [...options] })),
    zooRecipes: zooRecipes.map(({ name, title }) => ({ name, title })),
    baselines: baselines.map(({ name, title, minOriginals, distinct = null }) => ({
      name,
      title,
      minOriginals,
      distinct,
    })),
  };
}

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigProblem } from '../../../protocol/runRecords';
import { defaultConfig, draftConfig, valueAt, type ConfigSources } from '../../../sidecar/config/draftConfig';
import { faultOf, fieldsByPath, type AnyField } from '../../../sidecar/config/fields';
import { presets } from '../../../sidecar/config/presets';
import { resolveConfig, type ConfigFacts } from '../../../sidecar/config/resolveConfig';
import { RpgError } from '../../../sidecar/util/rpgError';

const facts: ConfigFacts = {
  dataset: {
    name: 'fashion',
    nCheckpoints: 5,
    cut: ({ dimPerToken }) => ({ nTokens: Math.ceil(2464 / dimPerToken) }),
    classes: [0, 7],
  },
  engine: {
    name: 'portable',
    fastPrecision: 'float32',
    precisions: ['float32'],
    optimizerStates: ['float32'],
  },
};

const resolve = (sources: ConfigSources, given = facts) =>
  resolveConfig({ overrides: new Map([['dataset', 'fashion']]), ...sources }, presets, given);

/** The problems of sources that must not resolve. */
function problemsOf(sources: ConfigSources, given = facts): ConfigProblem[] {
  try {
    resolve(sources, given);
  } catch (error) {
    expect(error).toBeInstanceOf(RpgError);
    expect((error as RpgError).blame).toBe('user');
    return (error as RpgError).details.problems as ConfigProblem[];
  }
  throw new Error('no problem was reported');
}

const file = (content: unknown): ConfigSources => ({ file: { name: 'a.rpg.json', content } });

describe('merging', () => {
  it('lets the file win over the preset, and --set over the file', () => {
    const { config } = resolve({
      ...file({ preset: 'cnnsmall', training: { steps: 77, batchSize: 3 } }),
      settings: ['training.batchSize=5'],
    });
    expect(config.training).toMatchObject({ learningRate: 1e-4, steps: 77, batchSize: 5 });
  });

  it('lets --preset replace the preset that the file names', () => {
    expect(resolve({ ...file({ preset: 'cnnsmall' }), preset: 'demo' }).config.tokens.dimPerToken).toBe(64);
  });

  it('leaves nothing to be chosen: name, precision and permutation state are settled', () => {
    const { config, cut } = resolve({ preset: 'demo' });
    expect(config.name).toBe('fashion');
    expect(config.training.precision).toBe('float32');
    expect(cut.nTokens).toBe(39);
    expect(resolve({ settings: ['condition.kind=task'] }).config.condition.permutationState).toBe(false);
  });

  it.each([
    ['recurrent.dModel=64', [64]],
    ['diffusion.layerChannels=1,4,8,4,1', [1, 4, 8, 4, 1]],
    ['diffusion.layerChannels=[1, 4, 8, 4, 1]', [1, 4, 8, 4, 1]],
    ['diffusion.diffusionBatch=null', null],
    ['diffusion.enabled=false', false],
    ['training.learningRate=1e-3', 1e-3],
    ['name=a=b', 'a=b'],
  ])('reads --set %s', (setting, value) => {
    const { config } = resolve({ settings: [setting] });
    expect(valueAt(config, setting.slice(0, setting.indexOf('=')))).toEqual(value);
  });

  it('resolves every preset for a dataset with classes', () => {
    for (const { name } of presets) {
      const engine = { ...facts.engine, precisions: ['float32', 'bfloat16'], fastPrecision: 'bfloat16' as const };
      const dataset = { name: 'x', nCheckpoints: 3, cut: () => ({ nTokens: 100 }), classes: [1023] };
      expect(resolve({ preset: name }, { dataset, engine }).config.training.precision).toBe('bfloat16');
    }
  });
});

describe('steps in bfloat16', () => {
  const engine = {
    ...facts.engine,
    name: 'cuda',
    precisions: ['float32', 'bfloat16'],
    fastPrecision: 'bfloat16' as const,
  };
  const on = (...settings: string[]) => ({ settings });

  it('are kept with what precision they are among', () => {
    const { training } = resolve(on('training.bfloat16Steps=5,9'), { ...facts, engine }).config;
    expect(training).toMatchObject({ precision: 'bfloat16', bfloat16Steps: [5, 9] });
  });

  it.each([
    [on('training.bfloat16Steps=9,5'), /ends before it begins/],
    [on('training.bfloat16Steps=5,9', 'training.precision=float32'), /do not go with training.precision float32/],
  ])('are refused where they make no sense: %j', (sources, reason) => {
    const [problem] = problemsOf(sources, { ...facts, engine });
    expect([problem!.path, problem!.message]).toEqual(['training.bfloat16Steps', expect.stringMatching(reason)]);
  });
});

describe('problems', () => {
  it('are all reported at once, each with its path, source, value and what is allowed', () => {
    const problems = problemsOf({
      ...file({ preset: 'demo', training: { batchSize: 0, stepz: 5 }, tokens: { split: 'layers' } }),
      settings: ['diffusion.kernelSize=4', 'seed=-1', 'learningRate=1'],
    });
    expect(Object.fromEntries(problems.map(({ path, source, message }) => [path, `${source}: ${message}`]))).toEqual({
      'training.batchSize': 'a.rpg.json: 0 is too small; give a whole number from 1 to 4096',
      'training.stepz': 'a.rpg.json: there is no such field; did you mean training.steps?',
      'tokens.split':
        'a.rpg.json: "layers" is not one of the choices; give one of layer, output, flat (did you mean layer?)',
      seed: 'setting: -1 is too small; give a whole number from 0 to 4294967295',
      learningRate: 'setting: there is no such field; did you mean training.learningRate?',
      'diffusion.kernelSize': 'setting: 4 is even; give an odd width, such as 7',
    });
  });

  const single: [string, ConfigSources, string, RegExp][] = [
    ['a file that is a list', file([1]), '(whole file)', /not an object/],
    ['a group that is a number', file({ training: 5 }), 'training', /not an object; write/],
    ['a dotted key in a file', file({ 'training.steps': 5 }), 'training.steps', /groups are objects/],
    ['an unknown preset', { preset: 'dmeo' }, 'preset', /did you mean demo/],
    ['a setting without a value', { settings: ['training.steps'] }, 'training.steps', /has no value/],
    ['an inner width that no head fits', { settings: ['recurrent.dModel=36'] }, 'recurrent.dModel', /multiple of 64/],
    ['lopsided channels', { settings: ['diffusion.layerChannels=1,2,4,3,1'] }, 'diffusion.layerChannels', /backwards/],
    [
      'two widths of an LSTM',
      { settings: ['recurrent.dModel=64,128', 'recurrent.kind=lstm'] },
      'recurrent.dModel',
      /for mamba only/,
    ],
    [
      'prototypes that are no tokens',
      { settings: ['diffusion.enabled=false', 'tokens.dimPerToken=32'] },
      'diffusion.enabled',
      /must equal tokens.dimPerToken \(32\)/,
    ],
    [
      'a permutation state beside a task',
      { settings: ['condition.kind=task', 'condition.permutationState=true'] },
      'condition.permutationState',
      /does not go with/,
    ],
    [
      'a class with more digits than the task',
      { settings: ['condition.kind=task', 'condition.taskBits=2'] },
      'condition.kind',
      /class 7 .* more than condition.taskBits 2/,
    ],
    [
      'steps in bfloat16 on an engine without',
      { settings: ['training.bfloat16Steps=5,9'] },
      'training.bfloat16Steps',
      /portable engine does not offer bfloat16/,
    ],
    [
      'one step of bfloat16 where two are meant',
      { settings: ['training.bfloat16Steps=5'] },
      'training.bfloat16Steps',
      /too few entries.*or null/,
    ],
    ['a warm-up as long as the run', { settings: ['training.warmupSteps=2000'] }, 'training.warmupSteps', /not below/],
    [
      'bfloat16 where there is none',
      { settings: ['training.precision=bfloat16'] },
      'training.precision',
      /does not offer/,
    ],
    ['a falling schedule', { settings: ['diffusion.betaEnd=0.00001'] }, 'diffusion.betaEnd', /must not fall/],
  ];
  it.each(single)('tell of %s', (_, sources, path, message) => {
    const problems = problemsOf(sources);
    expect(problems.map(problem => problem.path)).toEqual([path]);
    expect(problems[0]!.message).toMatch(message);
  });

  it('tell of a task without classes in the file names', () => {
    const dataset = { name: 'x', nCheckpoints: 2, cut: () => ({ nTokens: 40 }), classes: null };
    const problems = problemsOf({ settings: ['condition.kind=taskFull'] }, { ...facts, dataset });
    expect(problems[0]!.message).toMatch(/at least one of dataset x has none/);
  });

  it('tell of the dataset together with the fields', () => {
    const dataset = { problems: [{ path: 'dataset', source: 'command line', message: 'is not registered' }] };
    const problems = problemsOf({ settings: ['training.steps=0'] }, { ...facts, dataset });
    expect(problems.map(problem => problem.path)).toEqual(['training.steps', 'dataset']);
  });
});

/** A value the field accepts. */
function valid(field: AnyField): fc.Arbitrary<unknown> {
  const min = field.min ?? (field.above !== undefined ? field.above + 1e-9 : 0);
  const max = field.max ?? (field.below !== undefined ? field.below - 1e-9 : 1e9);
  const { minItems: minLength, maxItems: maxLength } = field;
  const wholeNumber = () => fc.integer({ min, max: Math.min(max, 2 ** 31 - 1) });
  switch (field.kind) {
    case 'boolean':
      return fc.boolean();
    case 'text':
      return fc.string({ minLength: 1 });
    case 'choice':
      return fc.constantFrom(...field.values!);
    case 'number':
      return fc.double({ min, max, noNaN: true }).map(value => value + 0); // no -0: JSON has none
    case 'integer':
      return wholeNumber();
    case 'integers':
      return fc.array(wholeNumber(), { minLength, maxLength });
  }
}

const anySetting = fc
  .constantFrom(...fieldsByPath)
  .chain(([path, field]) => valid(field).map(value => ({ path, value })));

function nested(path: string, value: unknown): object {
  return path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

describe('for any values', () => {
  it('a file of one field changes that field and no other', () => {
    fc.assert(
      fc.property(anySetting, ({ path, value }) => {
        const { config, problems } = draftConfig(file(nested(path, value)), presets);
        expect(problems).toEqual([]);
        const expected = defaultConfig();
        for (const known of fieldsByPath.keys()) {
          expect(valueAt(config, known)).toEqual(known === path ? value : valueAt(expected, known));
        }
      }),
    );
  });

  it('--set means what the file means', () => {
    fc.assert(
      fc.property(anySetting, ({ path, value }) => {
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        const fromFile = draftConfig(file(nested(path, value)), presets);
        const fromSetting = draftConfig({ settings: [`${path}=${text}`] }, presets);
        expect(fromSetting.config).toEqual(fromFile.config);
      }),
    );
  });

  it('whatever a file holds, it resolves or fails with paths, and the defaults stay untouched', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...fieldsByPath.keys(), 'tokens', '__proto__', 'x'), (json, path) => {
        const before = JSON.stringify(defaultConfig());
        const draft = draftConfig(file(nested(path, json)), presets);
        const field = fieldsByPath.get(path);
        if (field) expect(draft.problems.length > 0).toBe(faultOf(field, json) !== null);
        for (const problem of draft.problems) expect(problem.path).not.toBe('');
        expect(JSON.stringify(defaultConfig())).toBe(before);
      }),
    );
  });
});

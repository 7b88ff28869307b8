// Times training steps and sampling of a preset on random data: what a machine can do before there is a dataset.
import type { BenchmarkParams, BenchmarkResult } from '../../../protocol/training';
import { draftConfig } from '../../config/draftConfig';
import { presets } from '../../config/presets';
import { completeConfig } from '../../config/resolveConfig';
import { userError } from '../../util/rpgError';
import type { OperationContext } from '../context';
import { turnOf } from '../deviceTurn';
import { chooseDevice, engineFacts } from './chooseDevice';
import { methodOfDraft } from './readConfig';

const nCheckpoints = 50;
/** Tokens where the caller names none: of the small CNN and of ResNet-18 on CIFAR-10. */
const usualTokens = (preset: string) => (preset.startsWith('cnn') ? 19 : 1448);

/** *Errors* `bad-request`: nothing to measure; as `resolveConfig` and `chooseDevice`; too little memory. */
export async function benchmark(params: BenchmarkParams, context: OperationContext): Promise<BenchmarkResult> {
  const { preset, steps = 20, sampleSteps } = params;
  const { device } = await chooseDevice(params, context);
  const wantedTokens = params.nTokens ?? usualTokens(preset);
  if (steps < 1) throw userError('bad-request', `${steps} steps measure nothing; give at least 1`);
  if (wantedTokens < 1)
    throw userError('bad-request', `a checkpoint of ${wantedTokens} tokens is none; give at least 1`);
  const draft = draftConfig({ preset, overrides: new Map([['dataset', 'random']]) }, presets);
  const method = methodOfDraft(draft);
  const dataset = { name: 'random', nCheckpoints, cut: () => ({ nTokens: wantedTokens }), classes: null };
  const { config, cut } = completeConfig(draft, { dataset, engine: engineFacts(device) });
  if (!method?.benchmark) throw userError('bad-request', `the method of preset ${preset} has nothing to be timed`);
  const request = {
    config,
    dataset: { nCheckpoints, nTokens: cut.nTokens },
    device,
    steps,
    sampleSteps,
    report: context.report,
    signal: context.signal,
  };
  const measure = async (): Promise<BenchmarkResult> => ({ preset, ...(await method.benchmark!(request)) });
  const onWait = (message: string): void => context.report({ fraction: null, message });
  return context.onDevice(turnOf(device), measure, onWait);
}

// Whose turn a piece of work takes, with the server's own queue and a card that refuses the model.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainParams, TrainProgress } from '../../../protocol/training';
import type { OnDevice, OperationContext } from '../../../sidecar/app/context';
import { hostTurn } from '../../../sidecar/app/deviceTurn';
import { estimateRun } from '../../../sidecar/app/train/estimateRun';
import { train } from '../../../sidecar/app/train/train';
import type { EngineDevice } from '../../../sidecar/engine/engine';
import { cpuDevice } from '../../../sidecar/engine/portable/devices/cpu';
import { DeviceQueue } from '../../../sidecar/rpc/deviceQueue';
import { temporaryFolder } from '../../support/folders';
import { makeTrainingWorkspace } from '../../support/trainingWorkspace';

const card: EngineDevice = {
  engine: 'cuda',
  device: '0',
  title: 'a card whose kernels are of other sizes',
  facts: { ...cpuDevice.facts, kind: 'card', sharesHost: false },
  probe: async () => ({ kind: 'available', device: 'a card', memoryBytes: null, notes: [] }),
  refuses: () => 'recurrent.dModel 32 is too narrow',
  open: () => Promise.reject(new Error('a model that it refused was opened on the card')),
};

describe('work that takes turns', () => {
  const queue = new DeviceQueue();
  let order: string[];
  let freeCard: () => void;
  beforeEach(() => {
    order = [];
    const held = new Promise<void>(resolve => (freeCard = resolve));
    const { signal } = new AbortController();
    void queue.run('cuda/0', { title: 'other work', signal, onWait: () => {}, work: () => held });
  });
  afterEach(() => freeCard());

  /** What the server gives an operation, with what happens at the devices written down. */
  function contextOf(title: string, workspace: string): OperationContext<TrainProgress> {
    const { signal } = new AbortController();
    const onDevice: OnDevice = (turn, work, onWait) =>
      queue.run(turn, {
        title,
        signal,
        onWait: before => {
          order.push(`${title} waits for ${before}`);
          onWait(before);
        },
        work: async () => {
          order.push(`${title} begins on ${turn}`);
          const result = await work();
          order.push(`${title} ends`);
          return result;
        },
      });
    return { signal, onDevice, workspace, devices: [card, cpuDevice], report: () => undefined };
  }

  it('is in the turn of the device the model runs on, not of the one that refused it', async () => {
    const { folder, config: configFile } = await makeTrainingWorkspace(temporaryFolder());
    const params: TrainParams = { configFile, dataset: `${folder}/zoo`, settings: ['training.steps=2'] };
    const refused = train(params, contextOf('refused', folder));
    const behind = refused.then(async () => order.push('refused is done'));
    const asked = train({ ...params, engine: 'portable' }, contextOf('asked', folder));
    await Promise.all([behind, asked]); // the card is held all the while
    const [first, second] = order[0]!.startsWith('refused') ? ['refused', 'asked'] : ['asked', 'refused'];
    expect(order.filter(entry => entry !== 'refused is done')).toEqual([
      `${first} begins on ${hostTurn}`,
      `${second} waits for ${first}`,
      `${first} ends`,
      `${second} begins on ${hostTurn}`,
      `${second} ends`,
    ]);
    expect((await refused).status).toBe('finished');
  });

  it('needs no turn to be planned: a mistake is told while the processor is at work', async () => {
    const { folder, config: configFile } = await makeTrainingWorkspace(temporaryFolder());
    const dataset = `${folder}/zoo`;
    let free = (): void => {};
    const held = new Promise<void>(resolve => (free = resolve));
    const { signal } = new AbortController();
    const busy = queue.run(hostTurn, { title: 'long work', signal, onWait: () => {}, work: () => held });
    const wrong = { configFile, dataset, settings: ['recurrent.dModel=33'] };
    await expect(estimateRun(wrong, contextOf('estimate', folder))).rejects.toMatchObject({ code: 'config-invalid' });
    free();
    await busy;
  });
});

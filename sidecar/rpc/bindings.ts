// Every operation of the protocol with its use case, and the few facts that only a server needs of some of them: the device
// they take in turns, and whether they run the person's own commands.
import type { Progress } from '../../protocol/operation';
import { operationList, type OperationName, type ParamsOf, type ProgressOf } from '../../protocol/operations';
import type { DeviceChoice, ResumeParams, TrainProgress } from '../../protocol/training';
import { listDatasets } from '../datasets/datasetStore';
import { implementations } from '../app/registry';
import { chooseDevice } from '../app/train/chooseDevice';
import { findRun, readRun } from '../runs/runStore';
import type { Binding, BoundOperation } from './bind';

const waiting = (message: string): Progress => ({ fraction: null, message });

const waitingToTrain = (message: string): TrainProgress => ({
  run: '',
  phase: 'preparing',
  message,
  step: 0,
  steps: 0,
  loss: null,
  learningRate: null,
  stepsPerSecond: null,
  remainingMs: null,
});

/** All devices of the host share its cores: work on them takes turns. A card is a device of its own. */
async function deviceKey(choice: DeviceChoice): Promise<string> {
  const { device } = await chooseDevice(choice);
  return device.facts.sharesHost ? hostDevice : `${device.engine}/${device.device}`;
}

const hostDevice = 'the processor';

/** A resumed run goes on where it was, unless another device is asked for. */
async function resumedDevice({ run, engine, device }: ResumeParams, workspace: string): Promise<string> {
  const record = await readRun(await findRun(workspace, run));
  return deviceKey({ engine: engine ?? record.engine.engine, device: device ?? record.engine.device });
}

/** Built-in tests run none of the person's programs. */
async function hasTestCommand(run: string, workspace: string): Promise<boolean> {
  const { dataset } = await readRun(await findRun(workspace, run));
  return listDatasets(workspace).some(({ name, testCommand }) => name === dataset.name && testCommand !== null);
}

/** What the server must know of an operation besides what it does. */
type ServerFacts<Name extends OperationName> = Pick<
  Binding<ParamsOf<Name>, unknown, ProgressOf<Name>>,
  'device' | 'waiting' | 'runsCommands'
>;

const serverFacts: { readonly [Name in OperationName]?: ServerFacts<Name> } = {
  train: { device: deviceKey, waiting: waitingToTrain },
  resume: { device: resumedDevice, waiting: waitingToTrain },
  generate: {
    device: deviceKey,
    waiting,
    runsCommands: ({ run, test }, workspace) => (test ? hasTestCommand(run, workspace) : false),
  },
  checkSetUp: { runsCommands: params => params.isTrusted },
  createZoo: { device: async () => hostDevice, waiting },
  prepareZoo: { device: async () => hostDevice, waiting },
  estimateRun: { device: deviceKey, waiting: waitingToTrain },
  benchmark: { device: deviceKey, waiting },
  // Tests use the processor, whatever trained the networks.
  evaluateRun: {
    device: async () => hostDevice,
    waiting,
    runsCommands: ({ run, test, weightsOnly }, workspace) =>
      weightsOnly ? false : test !== undefined || hasTestCommand(run, workspace),
  },
  prepareDemo: { device: async () => hostDevice, waiting },
};

export const bindings: readonly BoundOperation[] = operationList.map(([name, operation]) => {
  const bound = { operation, run: implementations[name], ...serverFacts[name] };
  return bound as unknown as BoundOperation; // parameters only ever arrive under this very method name
});

// Every operation and the function behind it. Adding one to the protocol without a line here fails a test.
import type { Progress } from '../../protocol/operation';
import type { DeviceChoice, ResumeParams, TrainProgress } from '../../protocol/training';
import { operations } from '../../protocol/operations';
import { convert } from '../app/checkpoints/convert';
import { datasets, register, unregister } from '../app/datasets/datasets';
import { renameDataset, restoreDataset } from '../app/datasets/datasetRecords';
import { diff } from '../app/checkpoints/diff';
import { candidateDictionaries } from '../app/checkpoints/candidateDictionaries';
import { checkSetUp } from '../app/setup/checkSetUp';
import { estimateTraining } from '../app/train/estimateTraining';
import { estimateRun } from '../app/train/estimateRun';
import { estimateZoos } from '../app/zoo/estimateZoos';
import { benchmark } from '../app/train/benchmark';
import { evaluateRun } from '../app/evaluate/evaluateRun';
import { exportReport } from '../app/evaluate/exportReport';
import { generate } from '../app/generate/generate';
import { inspect } from '../app/checkpoints/inspect';
import { metricsTail } from '../app/runs/metricsTail';
import { createZoo, prepareDemo } from '../app/zoo/prepareDemo';
import { prepareZoo } from '../app/zoo/prepareZoo';
import { readPrompt } from '../app/generate/readPrompt';
import { resume } from '../app/train/resume';
import { runDetails } from '../app/runs/runDetails';
import { exportTensorBoard } from '../app/runs/exportTensorBoard';
import { devices, exportWeights, listRuns, stopRun } from '../app/runs/runs';
import { removedRuns, removeRun, restoreRun } from '../app/runs/runTrash';
import { train } from '../app/train/train';
import { listDatasets } from '../datasets/datasetStore';
import { chooseDevice } from '../app/train/chooseDevice';
import { findRun, readRun } from '../runs/runStore';
import { binding, type BoundOperation } from './bind';

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

export const bindings: readonly BoundOperation[] = [
  binding({ operation: operations.inspect, run: inspect }),
  binding({ operation: operations.convert, run: convert }),
  binding({ operation: operations.diff, run: diff }),
  binding({ operation: operations.register, run: register }),
  binding({ operation: operations.datasets, run: datasets }),
  binding({ operation: operations.unregister, run: unregister }),
  binding({ operation: operations.listRuns, run: listRuns }),
  binding({ operation: operations.stopRun, run: stopRun }),
  binding({ operation: operations.devices, run: devices }),
  binding({ operation: operations.exportWeights, run: exportWeights }),
  binding({ operation: operations.exportTensorBoard, run: exportTensorBoard }),
  binding({ operation: operations.train, run: train, device: deviceKey, waiting: waitingToTrain }),
  binding({ operation: operations.resume, run: resume, device: resumedDevice, waiting: waitingToTrain }),
  binding({
    operation: operations.generate,
    run: generate,
    device: deviceKey,
    waiting,
    runsCommands: ({ run, test }, workspace) => (test ? hasTestCommand(run, workspace) : false),
  }),
  binding({ operation: operations.estimateTraining, run: estimateTraining }),
  binding({ operation: operations.estimateZoos, run: estimateZoos }),
  binding({ operation: operations.runDetails, run: runDetails }),
  binding({ operation: operations.metricsTail, run: metricsTail }),
  binding({ operation: operations.exportReport, run: exportReport }),
  binding({ operation: operations.removeRun, run: removeRun }),
  binding({ operation: operations.removedRuns, run: removedRuns }),
  binding({ operation: operations.restoreRun, run: restoreRun }),
  binding({ operation: operations.candidateDictionaries, run: candidateDictionaries }),
  binding({ operation: operations.renameDataset, run: renameDataset }),
  binding({ operation: operations.restoreDataset, run: restoreDataset }),
  binding({ operation: operations.checkSetUp, run: checkSetUp, runsCommands: params => params.isTrusted }),
  binding({ operation: operations.readPrompt, run: readPrompt }),
  binding({ operation: operations.createZoo, run: createZoo, device: async () => hostDevice, waiting }),
  binding({ operation: operations.prepareZoo, run: prepareZoo, device: async () => hostDevice, waiting }),
  binding({
    operation: operations.estimateRun,
    run: estimateRun,
    device: deviceKey,
    waiting: waitingToTrain,
  }),
  binding({ operation: operations.benchmark, run: benchmark, device: deviceKey, waiting }),
  // Tests use the processor, whatever trained the networks.
  binding({
    operation: operations.evaluateRun,
    run: evaluateRun,
    device: async () => hostDevice,
    waiting,
    runsCommands: ({ run, test, weightsOnly }, workspace) =>
      weightsOnly ? false : test !== undefined || hasTestCommand(run, workspace),
  }),
  binding({ operation: operations.prepareDemo, run: prepareDemo, device: async () => hostDevice, waiting }),
];

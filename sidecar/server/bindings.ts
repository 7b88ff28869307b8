// Every operation and the function behind it. Adding one to the protocol without a line here fails a test.
import type { Progress } from '../../protocol/records';
import * as editor from '../../protocol/editor';
import * as protocol from '../../protocol/sidecar';
import type { DeviceChoice, ResumeParams, TrainProgress } from '../../protocol/sidecar';
import { convert } from '../operations/convert';
import { datasets, register, unregister } from '../operations/datasets';
import { renameDataset, restoreDataset } from '../operations/datasetRecords';
import { diff } from '../operations/diff';
import { candidateDictionaries } from '../operations/candidateDictionaries';
import { checkSetUp } from '../operations/checkSetUp';
import { estimateTraining } from '../operations/estimateTraining';
import { estimateRun } from '../operations/estimateRun';
import { estimateZoos } from '../operations/estimateZoos';
import { benchmark } from '../operations/benchmark';
import { evaluateRun } from '../operations/evaluateRun';
import { exportReport } from '../operations/exportReport';
import { generate } from '../operations/generate';
import { inspect } from '../operations/inspect';
import { metricsTail } from '../operations/metricsTail';
import { createZoo, prepareDemo } from '../operations/prepareDemo';
import { prepareZoo } from '../operations/prepareZoo';
import { readPrompt } from '../operations/readPrompt';
import { resume } from '../operations/resume';
import { runDetails } from '../operations/runDetails';
import { exportTensorBoard } from '../operations/exportTensorBoard';
import { devices, exportWeights, listRuns, stopRun } from '../operations/runs';
import { removedRuns, removeRun, restoreRun } from '../operations/runTrash';
import { train } from '../operations/train';
import { listDatasets } from '../datasets/datasetStore';
import { chooseDevice } from '../operations/training/chooseDevice';
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
  return device.engine === 'portable' ? hostDevice : `${device.engine}/${device.device}`;
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
  binding({ operation: protocol.inspect, run: inspect }),
  binding({ operation: protocol.convert, run: convert }),
  binding({ operation: protocol.diff, run: diff }),
  binding({ operation: protocol.register, run: register }),
  binding({ operation: protocol.datasets, run: datasets }),
  binding({ operation: protocol.unregister, run: unregister }),
  binding({ operation: protocol.listRuns, run: listRuns }),
  binding({ operation: protocol.stopRun, run: stopRun }),
  binding({ operation: protocol.devices, run: devices }),
  binding({ operation: protocol.exportWeights, run: exportWeights }),
  binding({ operation: protocol.exportTensorBoard, run: exportTensorBoard }),
  binding({ operation: protocol.train, run: train, device: deviceKey, waiting: waitingToTrain }),
  binding({ operation: protocol.resume, run: resume, device: resumedDevice, waiting: waitingToTrain }),
  binding({
    operation: protocol.generate,
    run: generate,
    device: deviceKey,
    waiting,
    runsCommands: ({ run, test }, workspace) => (test ? hasTestCommand(run, workspace) : false),
  }),
  binding({ operation: editor.estimateTraining, run: estimateTraining }),
  binding({ operation: editor.estimateZoos, run: estimateZoos }),
  binding({ operation: editor.runDetails, run: runDetails }),
  binding({ operation: editor.metricsTail, run: metricsTail }),
  binding({ operation: editor.exportReport, run: exportReport }),
  binding({ operation: editor.removeRun, run: removeRun }),
  binding({ operation: editor.removedRuns, run: removedRuns }),
  binding({ operation: editor.restoreRun, run: restoreRun }),
  binding({ operation: editor.candidateDictionaries, run: candidateDictionaries }),
  binding({ operation: editor.renameDataset, run: renameDataset }),
  binding({ operation: editor.restoreDataset, run: restoreDataset }),
  binding({ operation: editor.checkSetUp, run: checkSetUp, runsCommands: params => params.isTrusted }),
  binding({ operation: editor.readPrompt, run: readPrompt }),
  binding({ operation: editor.createZoo, run: createZoo, device: async () => hostDevice, waiting }),
  binding({ operation: protocol.prepareZoo, run: prepareZoo, device: async () => hostDevice, waiting }),
  binding({
    operation: protocol.estimateRun,
    run: estimateRun,
    device: deviceKey,
    waiting: waitingToTrain,
  }),
  binding({ operation: protocol.benchmark, run: benchmark, device: deviceKey, waiting }),
  // Tests use the processor, whatever trained the networks.
  binding({
    operation: protocol.evaluateRun,
    run: evaluateRun,
    device: async () => hostDevice,
    waiting,
    runsCommands: ({ run, test, weightsOnly }, workspace) =>
      weightsOnly ? false : test !== undefined || hasTestCommand(run, workspace),
  }),
  binding({ operation: editor.prepareDemo, run: prepareDemo, device: async () => hostDevice, waiting }),
];

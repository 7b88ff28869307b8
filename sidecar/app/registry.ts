// Every operation and the use case behind it: one line each. One that is missing does not compile. Both front doors call these.
import type { Progress } from '../../protocol/operation';
import type { OperationName, ParamsOf, ProgressOf, ResultOf } from '../../protocol/operations';
import { candidateDictionaries } from './checkpoints/candidateDictionaries';
import { convert } from './checkpoints/convert';
import { diff } from './checkpoints/diff';
import { inspect } from './checkpoints/inspect';
import { renameDataset, restoreDataset } from './datasets/datasetRecords';
import { datasets, register, unregister } from './datasets/datasets';
import { evaluateRun } from './evaluate/evaluateRun';
import { exportReport } from './evaluate/exportReport';
import { generate } from './generate/generate';
import { readPrompt } from './generate/readPrompt';
import { exportTensorBoard } from './runs/exportTensorBoard';
import { followRuns } from './runs/followRuns';
import { metricsTail } from './runs/metricsTail';
import { runDetails } from './runs/runDetails';
import { devices, exportWeights, listRuns, removedRuns, removeRun, restoreRun, stopRun } from './runs/runs';
import { checkSetUp } from './setup/checkSetUp';
import { methods } from './setup/methods';
import { benchmark } from './train/benchmark';
import { estimateRun } from './train/estimateRun';
import { estimateTraining } from './train/estimateTraining';
import { resume } from './train/resume';
import { train } from './train/train';
import { estimateZoos } from './zoo/estimateZoos';
import { createZoo, prepareDemo } from './zoo/prepareDemo';
import { prepareZoo } from './zoo/prepareZoo';
import type { OperationFunction } from './context';

/** An operation that reports nothing takes any context. */
type Reported<P> = [P] extends [never] ? Progress : P;

export type Implementations = {
  readonly [Name in OperationName]: OperationFunction<ParamsOf<Name>, ResultOf<Name>, Reported<ProgressOf<Name>>>;
};

export const implementations: Implementations = {
  inspect,
  convert,
  diff,
  candidateDictionaries,
  register,
  datasets,
  unregister,
  renameDataset,
  restoreDataset,
  train,
  resume,
  estimateRun,
  estimateTraining,
  stopRun,
  listRuns,
  runDetails,
  followRuns,
  metricsTail,
  removeRun,
  removedRuns,
  restoreRun,
  generate,
  readPrompt,
  evaluateRun,
  exportReport,
  prepareZoo,
  createZoo,
  estimateZoos,
  prepareDemo,
  exportWeights,
  exportTensorBoard,
  devices,
  methods,
  checkSetUp,
  benchmark,
};

// Every operation the sidecar offers, each declared where its subject is.
import { candidateDictionaries, convert, diff, inspect } from './checkpoints';
import { datasets, register, renameDataset, restoreDataset, unregister } from './datasets';
import { evaluateRun, exportReport } from './evaluation';
import { generate, readPrompt } from './generation';
import {
  exportTensorBoard,
  exportWeights,
  listRuns,
  metricsTail,
  removeRun,
  removedRuns,
  restoreRun,
  runDetails,
  stopRun,
} from './runs';
import { checkSetUp, devices } from './setup';
import { benchmark, estimateRun, estimateTraining, resume, train } from './training';
import { createZoo, estimateZoos, prepareDemo, prepareZoo } from './zoo';

export const operations = {
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
  benchmark,
  listRuns,
  runDetails,
  metricsTail,
  stopRun,
  exportWeights,
  exportTensorBoard,
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
  devices,
  checkSetUp,
};

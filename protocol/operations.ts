// Every operation the sidecar offers, each declared where its subject is.
import { candidateDictionaries, convert, diff, inspect } from './checkpoints';
import { datasets, register, renameDataset, restoreDataset, unregister } from './datasets';
import { evaluateRun, exportReport } from './evaluation';
import { generate, readPrompt } from './generation';
import { methods } from './methods';
import {
  exportTensorBoard,
  exportWeights,
  followRuns,
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
import type { Operation, Words } from './operation';
import { createZoo, estimateZoos, prepareDemo, prepareZoo } from './zoo';

/** In the order of `rpg --help`. */
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

export type Operations = typeof operations;
/** The key is the method: a test compares the two. */
export type OperationName = keyof Operations;

/** Types of an operation, by its name. */
type Types<Name extends OperationName> = NonNullable<Operations[Name]['types']>;
export type ParamsOf<Name extends OperationName> = Parameters<Types<Name>>[0];
export type ProgressOf<Name extends OperationName> = Parameters<Types<Name>>[1];
export type ResultOf<Name extends OperationName> = ReturnType<Types<Name>>;

/** Names of the operations that a terminal has, and of those whose result says itself how it is shown. */
export type CliName = {
  [Name in OperationName]: Operations[Name] extends { cli: object } ? Name : never;
}[OperationName];
export type ReportName = {
  [Name in OperationName]: Operations[Name] extends { report: unknown } ? Name : never;
}[OperationName];

/** What a front door that goes through all of them sees of one. */
export type AnyOperation = Operation<never, unknown> & Partial<Words<never, never>>;
export const operationList: readonly (readonly [OperationName, AnyOperation])[] = Object.entries(operations) as never; // every one was checked where it was declared

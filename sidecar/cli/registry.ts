// What the terminal adds to the operations' own words: how a result is printed that is no plain table, words that name other
// commands, and options that choose between operations. The commands themselves are made of the descriptors, in their order.
import type { CliName, OperationName, ReportName } from '../../protocol/operations';
import { benchCommand } from './bench';
import type { CliCommand } from './cliCommand';
import { convertCommand } from './convert';
import { datasetsCommand, registerCommand, unregisterCommand } from './datasets';
import { diffCommand } from './diff';
import { generateCommand } from './generate';
import { evaluateCommand } from './evaluate';
import { inspectCommand } from './inspect';
import { exportCommand, runsCommand, stopCommand } from './runs';
import { resumeCommand, trainCommand } from './train';
import { zooCommand } from './zoo';

/** An operation with a subcommand and no report needs a line here: it does not compile without. */
type CliCommands = {
  readonly [Name in Exclude<CliName, ReportName>]: CliCommand<Name>;
} & { readonly [Name in OperationName]?: CliCommand<Name> };

export const cliCommands: CliCommands = {
  inspect: inspectCommand,
  convert: convertCommand,
  diff: diffCommand,
  register: registerCommand,
  datasets: datasetsCommand,
  unregister: unregisterCommand,
  train: trainCommand,
  resume: resumeCommand,
  stopRun: stopCommand,
  listRuns: runsCommand,
  generate: generateCommand,
  evaluateRun: evaluateCommand,
  prepareZoo: zooCommand,
  exportWeights: exportCommand,
  benchmark: benchCommand,
};

// Every command, one line each, in the order of `rpg --help`.
import { benchCommand } from './bench';
import type { CliCommand } from './cliCommand';
import { convertCommand } from './convert';
import { datasetsCommand, registerCommand, unregisterCommand } from './datasets';
import { diffCommand } from './diff';
import { generateCommand } from './generate';
import { evaluateCommand } from './evaluate';
import { inspectCommand } from './inspect';
import { devicesCommand, exportCommand, runsCommand, stopCommand } from './runs';
import { resumeCommand, trainCommand } from './train';
import { zooCommand } from './zoo';

export const cliCommands: readonly CliCommand[] = [
  inspectCommand,
  convertCommand,
  diffCommand,
  registerCommand,
  datasetsCommand,
  unregisterCommand,
  trainCommand,
  resumeCommand,
  stopCommand,
  runsCommand,
  generateCommand,
  evaluateCommand,
  zooCommand,
  exportCommand,
  devicesCommand,
  benchCommand,
];

// Every command, one line each, in the order of `rpg --help`.
import type { CliCommand } from './cliCommand';
import { convertCommand } from './convert';
import { datasetsCommand, registerCommand, unregisterCommand } from './datasets';
import { diffCommand } from './diff';
import { inspectCommand } from './inspect';

export const cliCommands: readonly CliCommand[] = [
  inspectCommand,
  convertCommand,
  diffCommand,
  registerCommand,
  datasetsCommand,
  unregisterCommand,
];

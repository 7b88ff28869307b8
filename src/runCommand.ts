// The only callers of executeCommand: a command that does not exist does not compile.
import * as vscode from 'vscode';
import type { BuiltInCommandId, CommandId } from './commandIds';

/** Runs one of our commands, or one of the editor's that we know. */
export function runCommand(id: CommandId | BuiltInCommandId, ...args: readonly unknown[]): Thenable<unknown> {
  return vscode.commands.executeCommand(id, ...args);
}

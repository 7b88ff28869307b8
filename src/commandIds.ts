// Every command of ours by its id, from the operations' descriptors and the editor's own table, and those of VS Code that we
// call. No VS Code, so that what names a command has a test.
import { operationList, type Operations } from '../protocol/operations';
import type { EditorWords } from '../protocol/editor';
import { editorCommands } from './commands/words';

/** Operations with a command of the editor. */
type Offered = {
  [Name in keyof Operations]: Operations[Name] extends { editor: EditorWords } ? Name : never;
}[keyof Operations];
type IdOf<Name extends Offered> = Operations[Name]['editor']['command'];

/** Commands that the descriptor alone suffices for: they take nothing and show its report. */
export type GenericCommandId = {
  [Name in Offered]: Operations[Name] extends { report: unknown } ? IdOf<Name> : never;
}[Offered];
export type CommandId = IdOf<Offered> | (typeof editorCommands)[number]['command'];

/** The editor's own that we call. */
export type BuiltInCommandId =
  | 'revealInExplorer'
  | 'setContext'
  | 'vscode.open'
  | 'vscode.openFolder'
  | 'vscode.openWith'
  | 'workbench.action.openSettings'
  | 'workbench.action.reloadWindow'
  | 'workbench.trust.manage'
  | `rpg.${string}.focus`;

/** Operations whose command shows their report, by the command's id. */
export const reportCommands = operationList.flatMap(([, operation]) =>
  operation.editor && operation.report ? [{ id: operation.editor.command as CommandId, operation }] : [],
); // the cast: the ids of all descriptors are CommandId

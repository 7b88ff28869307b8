// Writes a file where the person said. What stands in the way is told as theirs to mend, in the words of the editor.
import * as vscode from 'vscode';
import { SidecarError } from './sidecarError';

/** *Errors* `file-system`. */
export async function writeFile(file: vscode.Uri, content: Uint8Array): Promise<void> {
  try {
    await vscode.workspace.fs.writeFile(file, content);
  } catch (error) {
    if (!(error instanceof vscode.FileSystemError)) throw error;
    throw new SidecarError(
      'file-system',
      'user',
      `${file.fsPath} cannot be written: ${error.message}; choose another place`,
    );
  }
}

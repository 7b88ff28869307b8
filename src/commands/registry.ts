// Every command. package.json says their words, icons and conditions; a test compares the two lists.
import { benchmarkCommand } from './benchmark';
import { checkSetUpCommand } from './checkSetUp';
import { chooseDeviceCommand } from './chooseDevice';
import type { RpgCommand } from './command';
import { compareCheckpointsCommand } from './compareCheckpoints';
import { locateDatasetCommand, renameDatasetCommand, undoUnregisterCommand, unregisterCommand } from './datasetRecords';
import { convertCheckpointCommand } from './convertCheckpoint';
import { createDemoZooCommand, tryDemoCommand } from './demo';
import { editTestCommandCommand } from './editTestCommand';
import { evaluateCommand } from './evaluate';
import { exportRunCommand } from './exportRun';
import { generateCommand } from './generate';
import { generateForTaskCommand } from './generateForTask';
import { generateFromPromptCommand } from './generateFromPrompt';
import { newConfigurationCommand, refreshCommand, restartSidecarCommand, showLogCommand } from './housekeeping';
import { inspectCheckpointCommand } from './inspectCheckpoint';
import { prepareCheckpointsCommand } from './prepareCheckpoints';
import { registerFolderCommand } from './registerFolder';
import { removeRunCommand, undoRemoveRunCommand } from './removeRun';
import { compareRunsCommand, openResultsCommand, openResultsInEditorCommand } from './results';
import { resumeCommand } from './resume';
import { stopCommand } from './stop';
import { trainCommand } from './train';
import { trainFromWeightsCommand } from './trainFromWeights';

export const commands: readonly RpgCommand[] = [
  trainCommand,
  trainFromWeightsCommand,
  generateCommand,
  generateForTaskCommand,
  generateFromPromptCommand,
  evaluateCommand,
  stopCommand,
  resumeCommand,
  registerFolderCommand,
  unregisterCommand,
  undoUnregisterCommand,
  renameDatasetCommand,
  locateDatasetCommand,
  editTestCommandCommand,
  inspectCheckpointCommand,
  compareCheckpointsCommand,
  convertCheckpointCommand,
  openResultsCommand,
  openResultsInEditorCommand,
  compareRunsCommand,
  exportRunCommand,
  removeRunCommand,
  undoRemoveRunCommand,
  chooseDeviceCommand,
  checkSetUpCommand,
  benchmarkCommand,
  tryDemoCommand,
  createDemoZooCommand,
  prepareCheckpointsCommand,
  newConfigurationCommand,
  showLogCommand,
  refreshCommand,
  restartSidecarCommand,
];

// Every command that needs code of its own. Words, icons and conditions are in the descriptors (protocol/) and in words.ts.
import { reportCommands, type CommandId, type GenericCommandId } from '../commandIds';
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
import { reportCommand } from './reportCommand';
import { resumeCommand } from './resume';
import { stopCommand } from './stop';
import { trainCommand } from './train';
import { trainFromWeightsCommand } from './trainFromWeights';

/** A command without a line here does not compile, but for those that the descriptor of their operation suffices for. */
type Commands = Readonly<Record<Exclude<CommandId, GenericCommandId>, RpgCommand>> &
  Readonly<Partial<Record<GenericCommandId, RpgCommand>>>;

const own: Commands = {
  'rpg.train': trainCommand,
  'rpg.trainFromWeights': trainFromWeightsCommand,
  'rpg.generate': generateCommand,
  'rpg.generateForTask': generateForTaskCommand,
  'rpg.generateFromPrompt': generateFromPromptCommand,
  'rpg.evaluate': evaluateCommand,
  'rpg.stop': stopCommand,
  'rpg.resume': resumeCommand,
  'rpg.registerFolder': registerFolderCommand,
  'rpg.unregister': unregisterCommand,
  'rpg.undoUnregister': undoUnregisterCommand,
  'rpg.renameDataset': renameDatasetCommand,
  'rpg.locateDataset': locateDatasetCommand,
  'rpg.editTestCommand': editTestCommandCommand,
  'rpg.inspectCheckpoint': inspectCheckpointCommand,
  'rpg.compareCheckpoints': compareCheckpointsCommand,
  'rpg.convertCheckpoint': convertCheckpointCommand,
  'rpg.openResults': openResultsCommand,
  'rpg.openResultsInEditor': openResultsInEditorCommand,
  'rpg.compareRuns': compareRunsCommand,
  'rpg.exportRun': exportRunCommand,
  'rpg.removeRun': removeRunCommand,
  'rpg.undoRemoveRun': undoRemoveRunCommand,
  'rpg.chooseDevice': chooseDeviceCommand,
  'rpg.checkSetUp': checkSetUpCommand,
  'rpg.benchmark': benchmarkCommand,
  'rpg.tryDemo': tryDemoCommand,
  'rpg.createDemoZoo': createDemoZooCommand,
  'rpg.prepareCheckpoints': prepareCheckpointsCommand,
  'rpg.newConfiguration': newConfigurationCommand,
  'rpg.showLog': showLogCommand,
  'rpg.refresh': refreshCommand,
  'rpg.restartSidecar': restartSidecarCommand,
};

/** Every command by its id. */
export const commands: Readonly<Record<string, RpgCommand>> = {
  ...Object.fromEntries(reportCommands.map(({ id, operation }) => [id, reportCommand(operation)])),
  ...own,
};

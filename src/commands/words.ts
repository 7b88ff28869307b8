// Words of the commands that the editor alone has: they show, ask, or put operations together. Those of single operations are
// in the operations' descriptors (protocol/).
import type { EditorWords } from '../../protocol/editor';

const declared = <const List extends readonly EditorWords[]>(list: List): List => list;

export const editorCommands = declared([
  {
    command: 'rpg.trainFromWeights',
    title: 'Train from Weights…',
    icon: '$(versions)',
    enablement: 'rpg.hasDatasets',
    menus: [
      {
        menu: 'view/item/context',
        when: String.raw`view == rpg.runs && viewItem =~ /^run\.finished/ && !listMultiSelection`,
        group: '2_run@3',
      },
    ],
  },
  {
    command: 'rpg.generateForTask',
    title: 'Generate for a Task…',
    icon: '$(target)',
    enablement: 'rpg.hasSnapshot',
    menus: [
      {
        menu: 'view/item/context',
        when: String.raw`view == rpg.runs && viewItem =~ /^run\..*hasSnapshot/ && !listMultiSelection`,
        group: '3_use@2',
      },
    ],
  },
  {
    command: 'rpg.generateFromPrompt',
    title: 'Generate from a Prompt…',
    icon: '$(comment)',
    enablement: 'rpg.hasSnapshot',
    menus: [
      {
        menu: 'view/item/context',
        when: String.raw`view == rpg.runs && viewItem =~ /^run\..*hasSnapshot/ && !listMultiSelection`,
        group: '3_use@3',
      },
    ],
  },
  {
    command: 'rpg.locateDataset',
    title: 'Locate Dataset…',
    icon: '$(search)',
    enablement: 'rpg.hasMissingDataset',
    menus: [
      { menu: 'view/item/context', when: 'view == rpg.datasets && viewItem == dataset.missing', group: 'inline@1' },
      { menu: 'view/item/context', when: 'view == rpg.datasets && viewItem == dataset.missing', group: '2_change@3' },
    ],
  },
  {
    command: 'rpg.editTestCommand',
    title: 'Change Test Command',
    icon: '$(beaker)',
    enablement: 'rpg.hasDatasets && isWorkspaceTrusted',
    menus: [
      { menu: 'view/item/context', when: 'view == rpg.datasets && viewItem == dataset.ready', group: '2_change@1' },
      { menu: 'view/item/context', when: 'view == rpg.datasets && viewItem == fact.test', group: 'inline' },
    ],
  },
  {
    command: 'rpg.openResults',
    title: 'Open Results',
    icon: '$(graph)',
    menus: [
      {
        menu: 'view/item/context',
        when: String.raw`view == rpg.runs && viewItem =~ /^run\./ && !listMultiSelection`,
        group: '1_see@1',
      },
    ],
  },
  {
    command: 'rpg.openResultsInEditor',
    title: 'Open Results in Editor',
    icon: '$(link-external)',
    menus: [
      { menu: 'view/title', when: 'view == rpg.results', group: 'navigation@1' },
      {
        menu: 'view/item/context',
        when: String.raw`view == rpg.runs && viewItem =~ /^run\./ && !listMultiSelection`,
        group: '1_see@2',
      },
    ],
  },
  {
    command: 'rpg.compareRuns',
    title: 'Compare Runs',
    icon: '$(split-horizontal)',
    enablement: 'rpg.hasSeveralRuns',
    menus: [
      { menu: 'view/title', when: 'view == rpg.runs', group: 'navigation@2' },
      {
        menu: 'view/item/context',
        when: String.raw`view == rpg.runs && viewItem =~ /^run\./ && listMultiSelection`,
        group: '1_see@3',
      },
    ],
  },
  {
    command: 'rpg.prepareCheckpoints',
    title: 'Prepare Checkpoints',
    icon: '$(terminal)',
    enablement: 'workspaceFolderCount > 0 && isWorkspaceTrusted',
    menus: [
      { menu: 'view/item/context', when: 'view == rpg.datasets && viewItem == dataset.ready', group: '1_use@3' },
      { menu: 'explorer/context', when: 'explorerResourceIsFolder && !explorerResourceIsRoot', group: '4_rpg@2' },
    ],
  },
  {
    command: 'rpg.newConfiguration',
    title: 'New Run Configuration',
    icon: '$(new-file)',
    enablement: 'rpg.hasDatasets',
    menus: [{ menu: 'view/item/context', when: 'view == rpg.datasets && viewItem == dataset.ready', group: '1_use@2' }],
  },
  {
    command: 'rpg.showLog',
    title: 'Show Log',
    icon: '$(output)',
    menus: [{ menu: 'view/title', when: 'view == rpg.runs', group: '2_setup' }],
  },
  {
    command: 'rpg.refresh',
    title: 'Refresh',
    icon: '$(refresh)',
    menus: [{ menu: 'view/title', when: 'view == rpg.datasets || view == rpg.runs', group: 'navigation@9' }],
  },
  {
    command: 'rpg.restartSidecar',
    title: 'Restart Sidecar',
    icon: '$(debug-restart)',
  },
]);

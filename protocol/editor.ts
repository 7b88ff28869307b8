// Words of the editor's commands: what package.json says of them. `scripts/contributes.ts` writes it from these and checks
// every condition against the names below.

/** A command as the palette, the menus and keybindings have it. */
export interface EditorWords {
  readonly command: `rpg.${string}`;
  readonly title: string;
  /** `$(play)` of the editor's own icons. */
  readonly icon?: `$(${string})`;
  /** When it can be run; always, where there is none. */
  readonly enablement?: string;
  /** Hidden from the palette: it makes sense only after something else. */
  readonly isHidden?: boolean;
  readonly menus?: readonly MenuWords[];
}

interface MenuWords {
  readonly menu: MenuId;
  /** A condition; `{checkpointExtensions}` stands for an expression of the endings of checkpoint files. */
  readonly when: string;
  readonly group: string;
}

/** In the order of package.json. */
export const menuIds = ['view/title', 'view/item/context', 'explorer/context', 'editor/title'] as const;
type MenuId = (typeof menuIds)[number];

/** Conditions this extension publishes, as `rpg.NAME`. */
export const ownContextKeys = [
  'isLoaded',
  'hasFailed',
  'hasDatasets',
  'hasMissingDataset',
  'hasRuns',
  'hasSeveralRuns',
  'hasRunning',
  'hasResumable',
  'hasSnapshot',
] as const;
export type OwnContextKey = (typeof ownContextKeys)[number];

/** Those of the editor that our conditions ask. */
export const editorContextKeys = [
  'activeCustomEditorId',
  'explorerResourceIsFolder',
  'explorerResourceIsRoot',
  'isWorkspaceTrusted',
  'listMultiSelection',
  'resourceExtname',
  'resourceFilename',
  'view',
  'viewItem',
  'workspaceFolderCount',
] as const;

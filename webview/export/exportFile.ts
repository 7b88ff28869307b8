// Finished documents for the host to save: the page makes them from what it shows, the host only asks where they go.
import type { ExportedFile } from '../../protocol/view';
import { csvOfTable } from '../../shared/csv';
import { svgFile, type SvgNode } from '../charts/svg';
import type { Palette } from '../charts/theme';
import type { TableModel } from '../../shared/table';
import { xlsxBytes } from './xlsx';

export const csvExport = (name: string, table: TableModel): ExportedFile => ({
  suggestedName: `${fileName(name)}-${table.id}.csv`,
  format: 'csv',
  encoding: 'utf8',
  content: csvOfTable(table),
});

export const svgExport = (name: string, title: string, drawing: SvgNode, { background }: Palette): ExportedFile => ({
  suggestedName: `${fileName(name)}-${title}.svg`,
  format: 'svg',
  encoding: 'utf8',
  content: svgFile(drawing, background),
});

/** JSON of a record; numbers that JSON cannot hold become null, as everywhere in the protocol. */
export const jsonExport = (name: string, record: unknown): ExportedFile => ({
  suggestedName: `${fileName(name)}.json`,
  format: 'json',
  encoding: 'utf8',
  content: `${JSON.stringify(record, null, 2)}\n`,
});

export const xlsxExport = (name: string, tables: readonly TableModel[]): ExportedFile => ({
  suggestedName: `${fileName(name)}.xlsx`,
  format: 'xlsx',
  encoding: 'base64',
  content: base64(xlsxBytes(tables)),
});

/** Only what every file system takes. */
const fileName = (name: string): string => name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '') || 'rpg';

function base64(bytes: Uint8Array): string {
  let binary = '';
  // In pieces: the arguments of one call are limited.
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

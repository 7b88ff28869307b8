// Texts as files in a ZIP archive, uncompressed: what a workbook of some hundred kilobytes needs.
import { strToU8, zipSync } from 'fflate';

export interface ZipEntry {
  readonly name: string;
  readonly text: string;
}

/** 1 January 1980, midnight, by whatever clock: the same tables make the same bytes. */
const firstDay = new Date(1980, 0, 1);

export function zipStored(entries: readonly ZipEntry[]): Uint8Array {
  const files = Object.fromEntries(entries.map(({ name, text }) => [name, strToU8(text)]));
  return zipSync(files, { level: 0, mtime: firstDay });
}

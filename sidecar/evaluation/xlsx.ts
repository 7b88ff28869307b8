// Tables as an XLSX workbook for spreadsheet programs: numbers stay numbers, text stays text (inline strings, so that a name
// beginning with "=" is no formula). The fewest parts that Excel and LibreOffice accept, stored in a zip without
// compression. Pure: tables in, bytes out. Source: ECMA-376 part 1, §18 (SpreadsheetML), and PKWARE's APPNOTE for the zip.
import { crc32 } from '../util/crc32';
import { escapeText } from './plots/svg';

/** One sheet: a name of up to 31 characters without `[]:*?/\`, and rows of cells; unknown values are left out. */
export interface Sheet {
  readonly name: string;
  readonly rows: readonly (readonly (string | number | null | undefined)[])[];
}

const spreadsheet = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
const contentTypes = 'http://schemas.openxmlformats.org/package/2006/content-types';
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const mostCharacters = 32_767; // of a cell

/** The workbook's bytes. */
export function xlsx(sheets: readonly Sheet[]): Uint8Array {
  const numbered = sheets.map((sheet, index) => ({ ...sheet, id: index + 1 }));
  const type = (part: string, kind: string): string =>
    `<Override PartName="${part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${kind}+xml"/>`;
  const parts: [name: string, xml: string][] = [
    [
      '[Content_Types].xml',
      `<Types xmlns="${contentTypes}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
        type('/xl/workbook.xml', 'sheet.main') +
        numbered.map(({ id }) => type(`/xl/worksheets/sheet${id}.xml`, 'worksheet')).join('') +
        '</Types>',
    ],
    [
      '_rels/.rels',
      `<Relationships xmlns="${packageRelationships}"><Relationship Id="rId1" Type="${relationships}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ],
    [
      'xl/workbook.xml',
      `<workbook xmlns="${spreadsheet}" xmlns:r="${relationships}"><sheets>` +
        numbered.map(({ name, id }) => `<sheet name="${escapeText(name)}" sheetId="${id}" r:id="rId${id}"/>`).join('') +
        '</sheets></workbook>',
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `<Relationships xmlns="${packageRelationships}">` +
        numbered
          .map(
            ({ id }) =>
              `<Relationship Id="rId${id}" Type="${relationships}/worksheet" Target="worksheets/sheet${id}.xml"/>`,
          )
          .join('') +
        '</Relationships>',
    ],
    ...numbered.map(({ id, rows }): [string, string] => [`xl/worksheets/sheet${id}.xml`, sheetXml(rows)]),
  ];
  const encoder = new TextEncoder();
  return storedZip(parts.map(([name, xml]) => [encoder.encode(name), encoder.encode(declaration + xml)]));
}

function sheetXml(rows: Sheet['rows']): string {
  const data = rows.map((row, r) => {
    const cells = row.map((cell, c) => {
      const at = `${columnName(c)}${r + 1}`;
      if (typeof cell === 'number') return Number.isFinite(cell) ? `<c r="${at}"><v>${cell}</v></c>` : '';
      if (cell === null || cell === undefined) return '';
      return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escapeText(cell.slice(0, mostCharacters))}</t></is></c>`;
    });
    return `<row r="${r + 1}">${cells.join('')}</row>`;
  });
  return `<worksheet xmlns="${spreadsheet}"><sheetData>${data.join('')}</sheetData></worksheet>`;
}

/** 0 → A, 25 → Z, 26 → AA. */
export function columnName(column: number): string {
  const letter = String.fromCharCode(65 + (column % 26));
  return column < 26 ? letter : columnName(Math.floor(column / 26) - 1) + letter;
}

/** A zip whose entries are stored as they are, dated 1980-01-01, so that equal tables give equal files. */
function storedZip(entries: readonly (readonly [name: Uint8Array, content: Uint8Array])[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const header = new DataView(new ArrayBuffer(30));
    header.setUint32(0, 0x04034b50, true);
    describeEntry(header, 4, name, content);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(4, 20, true); // made by version 2.0
    describeEntry(entry, 6, name, content);
    entry.setUint32(42, at, true);
    pieces.push(new Uint8Array(header.buffer), name, content);
    directory.push(new Uint8Array(entry.buffer), name);
    at += 30 + name.length + content.length;
  }
  const directoryBytes = directory.reduce((sum, piece) => sum + piece.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, directoryBytes, true);
  end.setUint32(16, at, true);
  return Buffer.concat([...pieces, ...directory, new Uint8Array(end.buffer)]);
}

/** The fields local header and directory entry have in common, from "version needed" on. */
function describeEntry(view: DataView, at: number, name: Uint8Array, content: Uint8Array): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, 0x0800, true); // names are UTF-8
  view.setUint16(at + 8, 0x0021, true); // 1980-01-01
  view.setUint32(at + 10, crc32(content), true);
  view.setUint32(at + 14, content.length, true);
  view.setUint32(at + 18, content.length, true);
  view.setUint16(at + 22, name.length, true);
}

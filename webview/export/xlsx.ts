// A workbook of plain tables: one sheet a table, a bold header row that stays in view, numbers as numbers. The least that
// Office Open XML (ECMA-376) asks for; no formulas, so nothing in a file's name is ever computed.
import type { Cell, TableModel } from '../../shared/table';
import { escapeMarkup } from '../../shared/markup';
import { zipStored } from './zip';

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const officeRelationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelationships = 'http://schemas.openxmlformats.org/package/2006/relationships';
const contentTypes = 'http://schemas.openxmlformats.org/package/2006/content-types';
const spreadsheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** The bytes of the workbook. Tables without columns are left out. */
export function xlsxBytes(tables: readonly TableModel[]): Uint8Array {
  const sheets = tables.filter(table => table.columns.length > 0);
  const numbers = sheets.map((_, index) => (index + 1).toString());
  const relation = (id: string, type: string, target: string): string =>
    `<Relationship Id="${id}" Type="${officeRelationships}/${type}" Target="${target}"/>`;
  const part = (name: string, type: string): string =>
    `<Override PartName="/${name}" ContentType="${spreadsheet}.${type}+xml"/>`;
  return zipStored([
    {
      name: '[Content_Types].xml',
      text: `${declaration}<Types xmlns="${contentTypes}"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${part('xl/workbook.xml', 'sheet.main')}${part('xl/styles.xml', 'styles')}${numbers.map(number => part(`xl/worksheets/sheet${number}.xml`, 'worksheet')).join('')}</Types>`,
    },
    {
      name: '_rels/.rels',
      text: `${declaration}<Relationships xmlns="${packageRelationships}">${relation('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    },
    {
      name: 'xl/workbook.xml',
      text: `${declaration}<workbook xmlns="${main}" xmlns:r="${officeRelationships}"><sheets>${sheets.map((sheet, index) => `<sheet name="${escapeMarkup(sheetName(sheet.id))}" sheetId="${numbers[index]!}" r:id="rId${numbers[index]!}"/>`).join('')}</sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      text: `${declaration}<Relationships xmlns="${packageRelationships}">${numbers.map(number => relation(`rId${number}`, 'worksheet', `worksheets/sheet${number}.xml`)).join('')}${relation('rIdStyles', 'styles', 'styles.xml')}</Relationships>`,
    },
    {
      name: 'xl/styles.xml',
      text: `${declaration}<styleSheet xmlns="${main}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs></styleSheet>`,
    },
    ...sheets.map((sheet, index) => ({
      name: `xl/worksheets/sheet${numbers[index]!}.xml`,
      text: `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>${row(
        sheet.columns.map(column => column.title),
        0,
        1,
      )}${sheet.rows.map((cells, at) => row(cells, at + 1, 0)).join('')}</sheetData></worksheet>`,
    })),
  ]);
}

function row(cells: readonly Cell[], index: number, style: number): string {
  const number = (index + 1).toString();
  const written = cells.map((cell, column) => {
    const place = `r="${columnName(column)}${number}" s="${style.toString()}"`;
    if (cell === null || (typeof cell === 'number' && !Number.isFinite(cell))) return '';
    return typeof cell === 'number'
      ? `<c ${place}><v>${cell.toString()}</v></c>`
      : `<c ${place} t="inlineStr"><is><t xml:space="preserve">${escapeMarkup(cell)}</t></is></c>`;
  });
  return `<row r="${number}">${written.join('')}</row>`;
}

/** A … Z, AA … of a column counted from 0. */
function columnName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : columnName(Math.floor(index / 26) - 1) + last;
}

/** Without what a sheet's name may not hold, and no longer than it may be. */
const sheetName = (id: string): string => id.replace(/[[\]:*?/\\]/g, ' ').slice(0, 31);

// Exported tables read back as they were: CSV by its rules, XLSX by a reader that is not ours.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvOfTable } from '../../../shared/csv';
import { jsonExport, svgExport } from '../../../webview/export/exportFile';
import { xlsxBytes } from '../../../webview/export/xlsx';
import { svg } from '../../../webview/charts/svg';
import type { Palette } from '../../../webview/charts/theme';
import type { TableModel } from '../../../shared/table';
import { temporaryFolder } from '../../support/folders';

const black = 'rgb(0, 0, 0)';
const palette: Palette = {
  ...{ foreground: black, faint: black, background: black, grid: black },
  ...{ originals: black, generated: black, baselines: black, curves: [black] },
};

const table: TableModel = {
  id: 'odd/names: [1]',
  title: 'Odd',
  columns: [{ title: 'Name' }, { title: 'Accuracy', format: value => value.toFixed(1) }],
  rows: [
    ['plain.pth', 0.123456789012345],
    ['a "quoted", file\n.pth', -1e-12],
    ['=HYPERLINK("x")', null],
    ['<b>&amp;\u0001 网络', 3],
  ],
};

it('writes CSV with quotes where needed, all digits, and nothing a spreadsheet would compute', () => {
  expect(csvOfTable(table)).toBe(
    [
      'Name,Accuracy',
      'plain.pth,0.123456789012345',
      '"a ""quoted"", file\n.pth",-1e-12',
      `"'=HYPERLINK(""x"")",`,
      '<b>&amp;\u0001 网络,3',
      '',
    ].join('\r\n'),
  );
});

it('gives files names that every system takes', () => {
  expect(jsonExport('../a b:c/ü网', {}).suggestedName).toBe('a-b-c-ü网.json');
});

it('writes SVG with its own namespace, the background of the theme and escaped text', () => {
  const drawing = svg('svg', { width: 2.00001 }, svg('text', {}, '<a & b>'));
  const { content } = svgExport('run', 'loss', drawing, { ...palette, background: 'rgb(3, 5, 7)' });
  expect(content).toContain(
    '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" width="2"><rect width="100%" height="100%" fill="rgb(3, 5, 7)"/>',
  );
  expect(content).toContain('<text>&lt;a &amp; b&gt;</text>');
});

const python = ((): string | null => {
  try {
    execFileSync('python3', ['-c', 'import zipfile, xml.etree.ElementTree'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'no python3';
  }
})();
if (python !== null) console.warn(`skipped: ${python}`);

/** Reads a workbook as a spreadsheet program does: by its relationships, with checksums verified. */
const reader = `
import json, sys, zipfile
import xml.etree.ElementTree as ET
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
m = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
r = '{http://schemas.openxmlformats.org/officeDocument/2006/relationships}'
targets = {e.get('Id'): e.get('Target') for e in ET.fromstring(archive.read('xl/_rels/workbook.xml.rels'))}
types = {e.get('PartName') for e in ET.fromstring(archive.read('[Content_Types].xml'))}
book = {}
for sheet in ET.fromstring(archive.read('xl/workbook.xml')).iter(m + 'sheet'):
    name = 'xl/' + targets[sheet.get(r + 'id')]
    assert '/' + name in types
    book[sheet.get('name')] = [[[c.get('r'), float(c.find(m + 'v').text) if c.get('t') is None else ''.join(c.itertext())]
        for c in row] for row in ET.fromstring(archive.read(name)).iter(m + 'row')]
print(json.dumps(book))
`;

describe.skipIf(python !== null)('XLSX', () => {
  it('reads back in Python: sheets, texts, numbers', () => {
    const file = path.join(temporaryFolder(), 'book.xlsx');
    const wide: TableModel = {
      id: 'wide',
      title: 'Wide',
      columns: Array.from({ length: 28 }, (_, index) => ({ title: `c${index}` })),
      rows: [],
    };
    writeFileSync(file, xlsxBytes([table, wide]));
    const book = JSON.parse(execFileSync('python3', ['-c', reader, file], { encoding: 'utf8' })) as Record<
      string,
      [string, string | number][][]
    >;
    expect(book['odd names   1 ']).toEqual([
      [
        ['A1', 'Name'],
        ['B1', 'Accuracy'],
      ],
      [
        ['A2', 'plain.pth'],
        ['B2', 0.123456789012345],
      ],
      [
        ['A3', 'a "quoted", file\n.pth'],
        ['B3', -1e-12],
      ],
      [['A4', '=HYPERLINK("x")']],
      [
        ['A5', '<b>&amp;� 网络'],
        ['B5', 3],
      ],
    ]);
    expect(book.wide![0]!.map(([place]) => place).slice(24)).toEqual(['Y1', 'Z1', 'AA1', 'AB1']);
  });
});

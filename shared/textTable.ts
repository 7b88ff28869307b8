// A table as lines of text: columns two spaces apart, as wide as their widest cell. Colours and rules are the caller's.

export interface AlignedTable {
  readonly header: string;
  readonly widths: readonly number[];
  readonly lines: readonly string[];
}

/** `right` holds the columns that are aligned to the right. Cells must be printable. */
export function alignColumns(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): AlignedTable {
  const widths = titles.map((title, column) =>
    Math.max(displayWidth(title), ...rows.map(row => displayWidth(row[column] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const space = ' '.repeat(Math.max(0, widths[column]! - displayWidth(cell)));
        return right.has(column) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return { header: line(titles), widths, lines: rows.map(line) };
}

/** East Asian characters take two columns. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  return width;
}

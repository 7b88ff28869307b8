// A document of facts and tables without a look: the terminal prints it, the editor opens it as a text. Values stay raw, so
// that each side writes numbers as it does everywhere else.

export interface Report {
  /** Of the document in the editor; a terminal prints none. */
  readonly title: string;
  readonly facts?: readonly (readonly [name: string, value: Cell, format?: CellFormat])[];
  readonly tables?: readonly ReportTable[];
  readonly notes?: readonly string[];
  /** Said instead where no table has a row. */
  readonly whenEmpty?: string;
}

export interface ReportTable {
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

interface ReportColumn {
  readonly title: string;
  /** `text` by default. Numbers stand to the right. */
  readonly format?: CellFormat;
}

export type Cell = string | number | null;
/** `plain`: a number as it is; `number`: four digits; `count`: with separators; `bytes`. */
export type CellFormat = 'text' | 'plain' | 'number' | 'count' | 'bytes';

/** Whether there is nothing to show but `whenEmpty`. */
export const isEmptyReport = ({ tables = [], facts = [] }: Report): boolean =>
  facts.length === 0 && tables.every(({ rows }) => rows.length === 0);

// What a metric is: a computation over what was observed of each network, and the columns that show it. The page, the report,
// CSV, XLSX and the terminal are made from these columns, header and cells together. It sees no files and no front door.
import type { EvaluatedNetwork, EvaluationRow } from '../../protocol/evaluation';
import { meanOfKnown } from '../statistics';
import type { Cell } from '../table';
import type { TestOutcome } from '../testOutcome';
import type { WrongSet } from '../wrongPredictions';

/** What is known of one network once everything was tested. */
export interface ObservedNetwork {
  /** Null where nothing was tested, or the test failed. */
  readonly outcome: TestOutcome | null;
  /** Why the test gave no accuracy. */
  readonly failure: string | null;
  /** Null where the test tells no predictions. */
  readonly wrong: WrongSet | null;
  /** Of the originals, this network left out where it is one. */
  readonly wrongOfOriginals: readonly WrongSet[];
  /** The nearest original, itself excluded. */
  readonly nearest: { readonly name: string; readonly distance: number } | null;
  /** Root mean square distance to the nearest original in normalised weights; null where none is finite. */
  readonly weightNoise: number | null;
  /** NaN or infinite values, and batch-norm variances ≤ 0. */
  readonly defects: { readonly nonFinite: number; readonly nonPositiveVariances: number };
}

/** What is known of a group: its networks, as observed and as recorded by the metrics. */
export interface ObservedGroup {
  readonly isOriginals: boolean;
  readonly observed: readonly ObservedNetwork[];
  readonly networks: readonly EvaluatedNetwork[];
  readonly originals: {
    /** Null while the originals themselves are described, and where none could be tested. */
    readonly row: EvaluationRow | null;
    readonly wrong: readonly WrongSet[];
    /** Median over the originals of the distance to the nearest other one. */
    readonly leaveOneOutMedian: number | null;
  };
}

/** The fields of a record that a metric fills. A metric that has no field of its own fills `metrics`. */
export type NetworkValues = Partial<Omit<EvaluatedNetwork, 'name' | 'group'>>;
export type RowValues = Partial<Omit<EvaluationRow, 'group' | 'title' | 'count' | 'failed'>>;

export interface MetricColumn<Row> {
  /** Stable; of one kind of table each column has another. */
  readonly id: string;
  /** Short, above the column. */
  readonly title: string;
  /** In full words, for files that scripts read. */
  readonly name: string;
  readonly help?: string;
  /** How a number reads; files have its full digits. */
  readonly format?: (value: number) => string;
  readonly value: (row: Row) => Cell;
  /** Shown even where no row knows a value; otherwise the column is then left out. */
  readonly isAlwaysShown?: true;
}

export interface RowColumn extends MetricColumn<EvaluationRow> {
  /** Which table of the page it belongs to; shares of novel networks follow similarity there, and are a table of the report. */
  readonly section: 'accuracy' | 'similarity' | 'novelty';
  /** Left out in the terminal, which is narrow. */
  readonly isLeftOutInTerminal?: true;
}

export interface Metric {
  /** The name of its file. */
  readonly id: string;
  /** Asked when a network was tested, with all the test told; only the values are kept. */
  readonly ofTest?: (outcome: TestOutcome) => NetworkValues;
  readonly ofNetwork?: (network: ObservedNetwork) => NetworkValues;
  readonly ofGroup?: (group: ObservedGroup) => RowValues;
  readonly networkColumns: readonly MetricColumn<EvaluatedNetwork>[];
  readonly rowColumns: readonly RowColumn[];
}

/** A number that the test of a single network tells; of a group it is the mean of what is known. */
export interface TestedNumber {
  /** Also its name in the records. */
  readonly id: string;
  readonly title: string;
  readonly name: string;
  readonly help: string;
  readonly format: (value: number) => string;
  readonly section: RowColumn['section'];
  readonly of: (outcome: TestOutcome) => number | null;
}

/** A metric of such numbers: recorded under their ids, shown where they are known. */
export function metricOfTests(id: string, numbers: readonly TestedNumber[]): Metric {
  const recorded = (valueOf: (number: TestedNumber) => number | null): { metrics?: Record<string, number> } => {
    const known = numbers.flatMap((number): [string, number][] => {
      const value = valueOf(number);
      return value === null ? [] : [[number.id, value]];
    });
    return known.length === 0 ? {} : { metrics: Object.fromEntries(known) };
  };
  const columnOf = ({ id, title, name, help, format, section }: TestedNumber) => ({
    ...{ id, title, name, help, format, section },
    value: (row: { readonly metrics?: Readonly<Record<string, number | null>> }): Cell => row.metrics?.[id] ?? null,
  });
  return {
    id,
    ofTest: outcome => recorded(number => number.of(outcome)),
    ofGroup: ({ networks }) =>
      recorded(number => meanOfKnown(networks.map(network => network.metrics?.[number.id] ?? null))),
    networkColumns: numbers.map(columnOf),
    rowColumns: numbers.map(columnOf),
  };
}

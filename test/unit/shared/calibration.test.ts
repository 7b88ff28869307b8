// Calibration against values computed by hand, and its columns, which appear wherever an evaluation is shown.
import { describe, expect, it } from 'vitest';
import type { EvaluationResult } from '../../../protocol/evaluation';
import type { EvaluateRunResult } from '../../../protocol/evaluation';
import { csvText } from '../../../shared/csv';
import { calibration, calibrationError, negativeLogLikelihood } from '../../../shared/metrics/calibration';
import { evaluateCommand } from '../../../sidecar/cli/evaluate';
import type { Cli } from '../../../sidecar/cli/cliCommand';
import { groupTable, networkTable } from '../../../sidecar/evaluation/csv';
import { reportHtml } from '../../../sidecar/evaluation/report';
import { accuracyTable, networksTable } from '../../../webview/tables/evaluationTables';
import { exampleEvaluation, exampleView } from '../../webview/support/exampleStates';

/** Four samples of two classes: sure of 0.9 and right, 0.9 and wrong, 0.6 and right, 0.5 and right. */
const predictions = { predicted: [0, 0, 1, 0], expected: [0, 1, 1, 0] };
const probabilities = { classes: 2, values: [0.9, 0.1, 0.9, 0.1, 0.4, 0.6, 0.5, 0.5] };

describe('the calibration error', () => {
  it('is the mean distance of confidence and accuracy over the bins', () => {
    // Bin (13/15, 14/15]: |1 − 1.8|; (8/15, 9/15]: |1 − 0.6|; (7/15, 8/15]: |1 − 0.5|; over four samples.
    expect(calibrationError(predictions, probabilities)).toBeCloseTo((0.8 + 0.4 + 0.5) / 4, 12);
  });

  it('is zero of a network that is always sure and right, and one of one that is always wrong', () => {
    const sure = { classes: 2, values: [1, 0, 1, 0] };
    expect(calibrationError({ predicted: [0, 0], expected: [0, 0] }, sure)).toBe(0);
    expect(calibrationError({ predicted: [0, 0], expected: [1, 1] }, sure)).toBe(1);
  });
});

describe('the negative log-likelihood', () => {
  it('is of the classes that were right', () => {
    const expected = -(Math.log(0.9) + Math.log(0.1) + Math.log(0.6) + Math.log(0.5)) / 4;
    expect(negativeLogLikelihood(predictions, probabilities)).toBeCloseTo(expected, 12);
  });

  it('is finite where the right class was given nothing', () => {
    const sure = { classes: 2, values: [1, 0] };
    expect(negativeLogLikelihood({ predicted: [0], expected: [1] }, sure)).toBeCloseTo(24 * Math.LN2, 12);
  });
});

it('is known only of tests that tell probabilities', () => {
  const outcome = { accuracy: 0.75, loss: null };
  expect(calibration.ofTest!({ ...outcome, predictions })).toEqual({});
  expect(calibration.ofTest!({ ...outcome, predictions: null })).toEqual({});
  expect(
    Object.keys(calibration.ofTest!({ ...outcome, predictions: { ...predictions, probabilities } }).metrics!),
  ).toEqual(['calibration-error', 'negative-log-likelihood']);
});

describe('the columns of calibration', () => {
  const without = exampleEvaluation();
  const metrics = { 'calibration-error': 0.0421, 'negative-log-likelihood': 1.2345 };
  const withIt: EvaluationResult = {
    ...without,
    rows: without.rows.map(row => ({ ...row, metrics })),
    networks: without.networks.map(network => ({ ...network, metrics })),
  };
  const viewOf = (result: EvaluationResult) => {
    const view = exampleView('0001-a');
    return { ...view, evaluation: { ...view.evaluation!, result } };
  };
  const terminal = (evaluation: EvaluationResult): string => {
    const lines: string[] = [];
    const print = (line = ''): void => void lines.push(line);
    const result = { run: '0001-a', generated: '', generation: null, evaluation, file: '', report: null, tables: [] };
    // The cast: a printer only prints.
    evaluateCommand.print!(result satisfies EvaluateRunResult, { print, note: print } as unknown as Cli);
    return lines.join('\n');
  };
  const shown: readonly [place: string, (result: EvaluationResult) => string, value: RegExp][] = [
    ['the page', result => JSON.stringify(accuracyTable([viewOf(result)])), /"ECE".*0\.0421/s],
    ['the page’s networks', result => JSON.stringify(networksTable(result)), /"ECE".*0\.0421/s],
    ['the report', result => reportHtml({ title: 't', facts: [], loss: [], result }), /ECE.*4\.21 %.*1\.23/s],
    ['the CSV of groups', result => csvText(groupTable(result)), /calibration error.*0\.0421/s],
    ['the CSV of networks', result => csvText(networkTable(result)), /negative log-likelihood.*1\.2345/s],
    ['the terminal', terminal, /ECE.*4\.21 %.*1\.23/s],
  ];

  it.each(shown)('appear in %s where they are known, and only there', (_, textOf, value) => {
    expect(textOf(withIt)).toMatch(value);
    expect(textOf(without)).not.toMatch(/ECE|NLL|calibration|likelihood/);
  });
});

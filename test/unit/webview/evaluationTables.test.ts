// What the tables of an evaluation say of one run and of several.
import { describe, expect, it } from 'vitest';
import { accuracyTable } from '../../../webview/tables/evaluationTables';
import { exampleEvaluation, exampleView } from '../../webview/support/exampleStates';

const titles = (...views: Parameters<typeof accuracyTable>[0]) => accuracyTable(views).rows.map(([title]) => title);

describe('the accuracy table', () => {
  const first = exampleView('0003-fashion');

  it('has the generated networks of compared runs beside each other, above the baselines', () => {
    const [originals, own, other, ...baselines] = titles(first, exampleView('0002-fashion'));
    expect([originals, own, other]).toEqual(['Originals', 'Generated · 0003-fashion', 'Generated · 0002-fashion']);
    expect(baselines).toEqual(titles(first).slice(2));
  });

  it('says where a compared run was judged by another test', () => {
    const result = { ...exampleEvaluation(), test: { kind: 'external', title: 'test.py', samples: null } as const };
    const other = exampleView('0002-fashion', 'finished', { evaluation: { ...first.evaluation!, result } });
    expect(titles(first, other)[2]).toBe('Generated · 0002-fashion, by another test: test.py');
  });

  it('gives no standard deviation of one network', () => {
    const [originals, generated] = accuracyTable([
      exampleView('0003-fashion', 'finished', {
        evaluation: { ...first.evaluation!, result: exampleEvaluation(20, 1) },
      }),
    ]).rows;
    expect(originals?.[4]).toBeGreaterThan(0);
    expect(generated?.[4]).toBeNull();
  });
});

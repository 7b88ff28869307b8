// The new points of a run's curve, for one that is drawn while another process may be writing it.
import type { MetricsTail, MetricsTailParams } from '../../../protocol/runs';
import { readMetricsTail } from '../../runs/metricsLog';
import { findRun } from '../../runs/runStore';
import type { OperationContext } from '../context';

/** *Errors* `run-not-found`. A run without metrics has no points. *Memory* one answer, about 20,000 points. */
export async function metricsTail(params: MetricsTailParams, { workspace }: OperationContext): Promise<MetricsTail> {
  const { lines, next, isRestarted, hasMore } = readMetricsTail(await findRun(workspace, params.run), params);
  return {
    steps: lines.map(line => line.step),
    loss: lines.map(line => line.loss),
    learningRate: lines.map(line => line.learningRate),
    nextByte: next.fromByte,
    isRestarted,
    hasMore,
  };
}

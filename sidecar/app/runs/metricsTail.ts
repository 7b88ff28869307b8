// The points of a run's curve from a place on, while another process may be writing it.
import type { MetricsTail, MetricsTailParams } from '../../../protocol/runs';
import { readMetricsTail, type MetricsTail as ReadTail } from '../../runs/metricsLog';
import { findRun } from '../../runs/runStore';
import type { OperationContext } from '../context';

/** *Errors* `run-not-found`. A run without metrics has no points. *Memory* one answer, about 20,000 points. */
export async function metricsTail(params: MetricsTailParams, { workspace }: OperationContext): Promise<MetricsTail> {
  return toTail(readMetricsTail(await findRun(workspace, params.run), params));
}

/** As it travels. */
export function toTail({ lines, next, isRestarted, hasMore }: ReadTail): MetricsTail {
  return {
    steps: lines.map(line => line.step),
    loss: lines.map(line => line.loss),
    learningRate: lines.map(line => line.learningRate),
    nextByte: next.fromByte,
    isRestarted,
    hasMore,
  };
}

/**
 * What this process counts for Prometheus (`/metrics`). Labels are slugs of the catalogue and words of ours, never what a
 * caller or a service said. Counts are of one process; add them up over processes.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export const metricsRegistry = new Registry();

export const executionsTotal = new Counter({
  name: 'skillett_executions_total',
  help: 'Executions by integration and outcome: succeeded, upstream_failed, replayed, refused, failed.',
  labelNames: ['integration', 'outcome'],
  registers: [metricsRegistry],
});

export const executionSeconds = new Histogram({
  name: 'skillett_execution_seconds',
  help: 'Seconds from the arrival of an execution to its answer, by integration.',
  labelNames: ['integration'],
  buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120],
  registers: [metricsRegistry],
});

/** Memory, CPU, event loop and garbage collection. Once a process; its observers would add up. */
export function collectProcessMetrics(): void {
  if (metricsRegistry.getSingleMetric('process_cpu_user_seconds_total') === undefined) collectDefaultMetrics({ register: metricsRegistry });
}

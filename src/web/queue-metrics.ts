// Metrics of the work queues, under the names of client-go (util/workqueue/metrics.go, component-base/metrics).
import type { Registry } from 'prom-client';
import type { QueueMetricsOf } from '../base/queue.ts';
import { Counter, Gauge, Histogram } from 'prom-client';

/** A millisecond to a quarter of an hour: what is quicker is measured no better, what is slower is told by the log. */
const buckets = [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300, 900];

interface Queues {
  of: QueueMetricsOf;
  registerIn(registry: Registry): void;
}

/** Queues are there before the page that shows them: their metrics join its registry later. */
export function createQueueMetrics(): Queues {
  const elapsedBy = new Map<string, () => number[]>();
  const common = { labelNames: ['name'], registers: [] };
  const ofRunning = (name: string, help: string, sum: (elapsed: number[]) => number): Gauge => {
    const made: Gauge = new Gauge({
      ...common,
      name,
      help,
      collect: () => elapsedBy.forEach((elapsed, queue) => made.set({ name: queue }, sum(elapsed()) / 1000)),
    });
    return made;
  };
  const depth = new Gauge({ ...common, name: 'workqueue_depth', help: 'Keys that wait to be taken.' });
  const adds = new Counter({ ...common, name: 'workqueue_adds_total', help: 'Keys that were added.' });
  const retries = new Counter({ ...common, name: 'workqueue_retries_total', help: 'Keys that failed and wait.' });
  const waits = { name: 'workqueue_queue_duration_seconds', help: 'From when a key was due until it was taken.' };
  const works = { name: 'workqueue_work_duration_seconds', help: 'How long a key was worked on.' };
  const queued = new Histogram({ ...common, ...waits, buckets });
  const worked = new Histogram({ ...common, ...works, buckets });
  const unfinished = ofRunning(
    'workqueue_unfinished_work_seconds',
    'How long all keys together have been worked on that are not done yet.',
    (elapsed) => elapsed.reduce((sum, ms) => sum + ms, 0),
  );
  const longest = ofRunning(
    'workqueue_longest_running_processor_seconds',
    'How long the key has been worked on that is worked on longest.',
    (elapsed) => Math.max(0, ...elapsed),
  );
  return {
    of: (name) => {
      adds.inc({ name }, 0);
      retries.inc({ name }, 0);
      return {
        added: () => adds.inc({ name }),
        depth: (keys) => depth.set({ name }, keys),
        waited: (ms) => queued.observe({ name }, ms / 1000),
        worked: (ms) => worked.observe({ name }, ms / 1000),
        retried: () => retries.inc({ name }),
        running: (elapsed) => void elapsedBy.set(name, elapsed),
      };
    },
    registerIn: (registry) =>
      [depth, adds, retries, queued, worked, unfinished, longest].forEach((metric) => registry.registerMetric(metric)),
  };
}

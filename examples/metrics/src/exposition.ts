// A pool's metrics, and what its diagnostics channels told, as Prometheus reads them: base units, so seconds and bytes.

import type { LaneMetrics, LatencyHistogram, PoolMetrics, WorkerMetrics } from '@ringpool/pool';

import type { EventCounts } from './events.ts';
import { counter, gauge, type HistogramSample, histogram, type Labels, type Sample } from './text-format.ts';

const MICROSECONDS_PER_SECOND = 1e6;
/** The label of the lane that ends in the thread's own ring. */
const OWN_RING = 'own';

/** All families, each once. */
export function exposition(metrics: PoolMetrics, events: EventCounts): string {
  return [
    ...poolFamilies(metrics),
    ...laneFamilies(metrics.lanes),
    ...workerFamilies(metrics.workers),
    ...eventFamilies(events),
  ].join('');
}

function alone(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function poolFamilies({ registeredBytes, arena, clients }: PoolMetrics): string[] {
  return [
    gauge('ringpool_clients', 'Threads in the pool, its owner included.', alone(clients)),
    gauge(
      'ringpool_registered_bytes',
      'Bytes of the arena that are registered with the kernel.',
      alone(registeredBytes),
    ),
    gauge('ringpool_arena_cap_bytes', 'The most the arena may grow to.', alone(arena.capBytes)),
    gauge(
      'ringpool_arena_committed_bytes',
      'What the segments of the arena hold.',
      alone(arena.committedBytes),
    ),
    gauge('ringpool_arena_used_bytes', 'Bytes taken by leases.', alone(arena.inUseBytes)),
    gauge('ringpool_arena_leases', 'Leases with an owner.', alone(arena.leasesLive)),
    counter('ringpool_arena_failures', 'Allocations for which the arena was full.', alone(arena.failures)),
  ];
}

function laneFamilies(lanes: readonly LaneMetrics[]): string[] {
  const labelsOf = ({ client, worker, ring }: LaneMetrics): Labels => ({
    client,
    worker: worker ?? (ring === 'local' ? OWN_RING : ring),
  });
  const each = (numberOf: (lane: LaneMetrics) => number): Sample[] =>
    lanes.map((lane) => ({ labels: labelsOf(lane), value: numberOf(lane) }));
  return [
    counter(
      'ringpool_lane_submitted',
      'SQEs handed to the kernel or to a worker.',
      each((lane) => lane.submitted),
    ),
    counter(
      'ringpool_lane_completed',
      'Operations that are over.',
      each((lane) => lane.completed),
    ),
    gauge(
      'ringpool_lane_in_flight',
      'Operations that are not over.',
      each((lane) => lane.inFlight),
    ),
    counter(
      'ringpool_lane_batches',
      'How often SQEs were handed over.',
      each((lane) => lane.batches),
    ),
    counter(
      'ringpool_lane_wakeups',
      'How often the worker was woken for them.',
      each((lane) => lane.wakeUpsRung),
    ),
    counter(
      'ringpool_lane_direct_reads',
      'Reads of cached bytes that needed no ring.',
      each((lane) => lane.directReads),
    ),
    counter(
      'ringpool_lane_overflows',
      'CQEs that the kernel kept back because the queue was full.',
      each((lane) => lane.overflow),
    ),
    histogram(
      'ringpool_lane_latency_seconds',
      'How long operations took, of a sample: the last one of one batch in 16.',
      lanes.map((lane) => latencySeconds(labelsOf(lane), lane.latency)),
    ),
  ];
}

function latencySeconds(labels: Labels, { buckets, totalMicroseconds }: LatencyHistogram): HistogramSample {
  return {
    labels,
    buckets: buckets.map(({ microseconds, count }) => ({
      le: microseconds / MICROSECONDS_PER_SECOND,
      count,
    })),
    sum: totalMicroseconds / MICROSECONDS_PER_SECOND,
  };
}

function workerFamilies(workers: readonly WorkerMetrics[]): string[] {
  const each = (numberOf: (worker: WorkerMetrics) => number): Sample[] =>
    workers.map((worker) => ({ labels: { worker: worker.index }, value: numberOf(worker) }));
  return [
    gauge(
      'ringpool_worker_up',
      '1 while a thread is up.',
      each(({ up }) => (up ? 1 : 0)),
    ),
    counter(
      'ringpool_worker_starts',
      'Threads that the worker has been.',
      each(({ starts }) => starts),
    ),
    gauge(
      'ringpool_worker_in_flight',
      'Operations handed to it that are not over.',
      each(({ inFlight }) => inFlight),
    ),
    counter(
      'ringpool_worker_submissions',
      'How often it submitted SQEs.',
      each(({ submissions }) => submissions),
    ),
    counter(
      'ringpool_worker_spins',
      'How often it looked for work before it slept.',
      each(({ spins }) => spins),
    ),
    counter(
      'ringpool_worker_parks',
      'How often it slept in the kernel.',
      each(({ parks }) => parks),
    ),
    counter(
      'ringpool_worker_wakeups',
      'How often it woke a thread.',
      each(({ wakeUpsRung }) => wakeUpsRung),
    ),
    counter(
      'ringpool_worker_overflows',
      'How often its completion queue was full.',
      each(({ overflow }) => overflow),
    ),
    counter(
      'ringpool_worker_registrations_refused',
      'How often memory could not be registered with its ring.',
      each(({ registrationsRefused }) => registrationsRefused),
    ),
  ];
}

function eventFamilies({ slowOperations, workerCrashes, fallbacks }: EventCounts): string[] {
  return [
    counter(
      'ringpool_slow_operations',
      'Operations of this thread that took slowOperationMs or more.',
      alone(slowOperations),
    ),
    counter('ringpool_worker_crashes', 'Workers that ended in disorder.', alone(workerCrashes)),
    counter(
      'ringpool_fallbacks',
      'Things that the pool has in a lesser form.',
      Object.entries(fallbacks).map(([kind, value]) => ({ labels: { kind }, value })),
    ),
  ];
}

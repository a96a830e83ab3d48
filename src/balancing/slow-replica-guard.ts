import type { ReplicaView } from '../replica/roster.ts';
import type { LaneKey } from '../work/lane.ts';

/** A batch and the queue behind it. */
export interface Waiting {
  readonly rows: number;
  readonly lane: LaneKey;
  /** Batches that would be sent after this one. */
  readonly batchesBehind: number;
  /** After this moment, waiting for a faster replica would be too late. */
  readonly deadline: number;
}

/** Estimates based on fewer batches do not justify waiting. */
const ENOUGH_BATCHES = 5;
/** Up to this factor slower than the best, a replica counts as fast. */
const FAST_FACTOR = 2;

/**
 * Whether a batch should wait for a faster replica instead of using this free one, which may be ten times slower.
 * Never waits for a replica that is about as fast, nor past the batch's deadline.
 */
export function isBetterToWait(
  candidate: ReplicaView,
  all: readonly ReplicaView[],
  { rows, lane, batchesBehind, deadline }: Waiting,
  now: number,
): boolean {
  const known = all.filter(
    ({ healthStatus, service }) =>
      healthStatus !== undefined && healthStatus !== 'ejected' && isKnown(service),
  );
  if (!isKnown(candidate.service) || known.length < 2) return false;
  const timesMs = known.map(({ service }) => service.predictMs(rows, lane));
  const bestMs = Math.min(...timesMs);
  const ownMs = candidate.service.predictMs(rows, lane);
  if (ownMs <= FAST_FACTOR * bestMs) return false;
  // Where single batches differ much, the factors of equal replicas differ too.
  if (ownMs <= FAST_FACTOR * (1 + 2 * candidate.service.spread(lane)) * bestMs) return false;
  const rate = timesMs.reduce((sum, ms) => sum + (ms <= FAST_FACTOR * bestMs ? 1 / ms : 0), 0);
  const waitMs = (batchesBehind + 1) / rate;
  return ownMs > waitMs + bestMs && now + waitMs + bestMs <= deadline;
}

function isKnown(service: ReplicaView['service']): boolean {
  return service.batches >= ENOUGH_BATCHES && service.predictMs(1) > 0;
}

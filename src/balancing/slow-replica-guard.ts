import type { ReplicaView } from '../replica/roster.ts';
import type { LaneKey } from '../work/lane.ts';

/** A batch and what stands behind it. */
export interface Waiting {
  readonly rows: number;
  readonly lane: LaneKey;
  /** Batches that would go after this one. */
  readonly batchesBehind: number;
  /** The moment after which waiting for somebody faster would be too late. */
  readonly deadline: number;
}

/** Estimates that rest on less are no reason to keep anybody waiting. */
const ENOUGH_BATCHES = 5;
/** Up to this factor behind the best a replica counts as fast. */
const FAST_FACTOR = 2;

/**
 * Whether a batch does better to wait for a faster replica than to go to this one, which is free: a replica ten
 * times slower that is idle is no gift. Nobody waits for one as fast as the best, nor past the batch's deadline.
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
  const rate = timesMs.reduce((sum, ms) => sum + (ms <= FAST_FACTOR * bestMs ? 1 / ms : 0), 0);
  const waitMs = (batchesBehind + 1) / rate;
  return ownMs > waitMs + bestMs && now + waitMs + bestMs <= deadline;
}

function isKnown(service: ReplicaView['service']): boolean {
  return service.batches >= ENOUGH_BATCHES && service.predictMs(1) > 0;
}

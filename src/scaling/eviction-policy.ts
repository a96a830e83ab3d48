/** A model that may be unloaded. */
export interface Evictable {
  readonly name: string;
  /** What its replicas hold. */
  readonly bytes: number;
  /** Requests of the recent past; older ones count less. */
  readonly uses: number;
  /** How long a start takes, in ms: what the next request would wait. */
  readonly reloadMs: number;
}

/**
 * Chooses what to unload until enough memory is free: first what costs least to be without, the waiting of its callers
 * per byte. Returns all of them where that is not enough.
 */
export function chooseEvicted(candidates: readonly Evictable[], neededBytes: number): readonly Evictable[] {
  const cost = ({ uses, reloadMs, bytes }: Evictable) => ((uses + 1) * (reloadMs + 1)) / Math.max(1, bytes);
  const rising = candidates.toSorted((a, b) => cost(a) - cost(b));
  const chosen: Evictable[] = [];
  let freedBytes = 0;
  for (const each of rising) {
    if (freedBytes >= neededBytes) break;
    chosen.push(each);
    freedBytes += each.bytes;
  }
  return chosen;
}

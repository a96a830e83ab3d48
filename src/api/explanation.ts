import type { Entry } from '../work/entry.ts';
import { headerJson } from './header-text.ts';

/** What became of a request on the way, as the JSON of a header. Durations in ms. */
export function explanationOf(entry: Entry, now: number): string {
  const { ride, receivedAt, dispatchedAt, attempts } = entry;
  return headerJson({
    queueMs: rounded((dispatchedAt ?? now) - receivedAt),
    totalMs: rounded(now - receivedAt),
    attempts,
    ...(ride === undefined
      ? {}
      : {
          replica: ride.replicaId,
          batchReason: ride.reason,
          batchRows: ride.rows,
          predictedMs: rounded(ride.predictedMs),
          serviceMs: ride.computeMs === undefined ? null : rounded(ride.computeMs),
        }),
  });
}

/** To the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

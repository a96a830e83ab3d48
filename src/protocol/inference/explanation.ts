import type { Entry } from '../../work/entry.ts';
import { headerJson } from '../http/header-text.ts';

/** How a request was handled, as JSON for a header. Durations in ms. */
export function explanationOf(entry: Entry, now: number): string {
  const { batchInfo, receivedAt, dispatchedAt, attempts } = entry;
  return headerJson({
    queueMs: rounded((dispatchedAt ?? now) - receivedAt),
    totalMs: rounded(now - receivedAt),
    attempts,
    ...(batchInfo === undefined
      ? {}
      : {
          replica: batchInfo.replicaId,
          batchReason: batchInfo.reason,
          batchRows: batchInfo.rows,
          predictedMs: rounded(batchInfo.predictedMs),
          serviceMs: batchInfo.computeMs === undefined ? null : rounded(batchInfo.computeMs),
        }),
  });
}

/** Rounds to microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

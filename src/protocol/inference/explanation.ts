import type { Entry } from '../../work/entry.ts';
import { headerJson } from '../http/header-text.ts';

/** What became of a request on the way, as the JSON of a header. Durations in ms. */
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

/** To the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

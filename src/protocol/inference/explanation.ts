import { limitOf } from '../../batching/batch-target.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Entry } from '../../work/entry.ts';

/** The request path of an explained request. */
export type ExplainedPath = Pick<VersionInService['path'], 'planOf' | 'margin'>;

/** How a request was handled, and the plan of its lane. Durations in ms. */
export function explanationOf(entry: Entry, { planOf, margin }: ExplainedPath, now: number): object {
  const plan = planOf(entry.lane);
  const { batchInfo, receivedAt, dispatchedAt, attempts } = entry;
  return {
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
    ...(plan === undefined || margin === undefined
      ? {}
      : {
          targetRows: plan.target.rows,
          targetLimit: limitOf(plan.target),
          marginMs: rounded(margin.ms),
          lateShare: rounded(margin.lateShare),
        }),
  };
}

/** Rounds to microseconds. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

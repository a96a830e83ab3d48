import { limitOf } from '../../batching/batch-target.ts';
import type { RequestPath } from '../../fleet/version/request-path.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { ServiceTime } from '../../replica/service-time.ts';

const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** How a version batches now. Durations in ms. */
export function batchingSnapshot({ path, spec }: VersionInService) {
  const { objective = null, goal } = spec.settings;
  return {
    ...{ objective, goal, maxBatchSize: path.findings.maxBatchSize },
    transportMs: path.transport.ms,
    shedShare: path.admission.shedShare,
    margin: path.margin === undefined ? null : marginSnapshot(path.margin),
    lanes: path.roster.service.list().map(([lane, curve]) => laneSnapshot(path, lane, curve)),
  };
}

/** The margin that all plans leave free, and what it is regulated by. */
function marginSnapshot({ ms, limitMs, lateShare, allowedShare }: NonNullable<RequestPath['margin']>) {
  return { ms, limitMs: Number.isFinite(limitMs) ? limitMs : null, lateShare, allowedShare };
}

/** The learned service time and the batch plan of a lane. The plan is undefined while nothing is known. */
function laneSnapshot(path: RequestPath, lane: string, curve: ServiceTime) {
  const plan = path.planOf(lane);
  const sizes = SIZES.filter((rows) => rows <= path.findings.maxBatchSize);
  const times = sizes.map((rows) => [rows, curve.predictMs(rows)] as const);
  const { rows, withinObjective = Infinity, knee, gain } = plan?.target ?? {};
  return {
    ...{ lane, batches: curve.batches, ...curve.line, drift: curve.usualDrift },
    /** By rows. */
    serviceMs: curve.isKnown ? Object.fromEntries(times) : null,
    ...{ targetRows: rows, targetLimit: plan && limitOf(plan.target), kneeRows: knee, gain },
    rowsWithinObjective: plan && (Number.isFinite(withinObjective) ? withinObjective : null),
    capacityPerSecond:
      plan && (1000 * plan.target.rows * path.roster.serving) / plan.batchMs(plan.target.rows),
  };
}

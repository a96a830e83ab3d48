import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { BatchStarted } from '../../serving/dispatch/dispatcher.ts';

/** From this share of shed requests on only throughput counts. */
const PRESSURE = 0.1;
/** Share of a greedy batch's expected answers in time that a batch must bring: the smaller size may cost some. */
const NEARLY = 0.9;

/**
 * The violation of a batch that was sent under pressure although a greedy one, as large as the objective allows, would
 * have brought more answers in time; undefined where there is none, or other rules decide the size.
 */
export function wastesThroughput(
  it: VersionInService,
  now: number,
  started: BatchStarted,
): string | undefined {
  const { work, replica } = started;
  const { path, spec } = it;
  const { margin, roster, transport, queue } = path;
  const { objective, goal } = spec.settings;
  const plan = path.planOf(work.lane);
  const view = roster.view(replica.id);
  if (margin === undefined || objective === undefined || plan === undefined || view === undefined)
    return undefined;
  if (work.reason !== 'size' && work.reason !== 'idle') return undefined;
  const isBound = view.share < 1 || path.recovery.badShare(now) > 0 || queue.isCrowded || goal !== 'latency';
  if (isBound || path.admission.shedShare < PRESSURE) return undefined;
  // Where a replica is still idle, the rest is for it.
  if (roster.views().some(({ healthStatus, running }) => healthStatus !== undefined && running === 0))
    return undefined;
  const [next] = queue.inLane(work.lane);
  if (next === undefined) return undefined;
  const parts = 1 + 1 / Math.max(1, roster.serving);
  const spareMs = (rows: number) => objective.latencyMs - transport.ms - parts * plan.batchMs(rows);
  let greedy = 1;
  while (greedy < path.findings.maxBatchSize && spareMs(greedy + 1) >= 0) greedy += 1;
  const expected = (rows: number) => (rows / plan.batchMs(rows)) * margin.shareWithin(spareMs(rows));
  // A request is not split: the next one may not have fitted.
  const rows = work.rows + next.rows - 1;
  if (rows >= greedy || expected(rows) >= NEARLY * expected(greedy)) return undefined;
  return `${work.rows} rows were sent and ${queue.rows} left, ${greedy} would have fitted (target ${plan.target.rows}, margin ${margin.ms})`;
}

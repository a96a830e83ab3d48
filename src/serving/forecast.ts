import type { BatchPlan } from '../batching/slo-policy.ts';
import type { Roster } from '../replica/roster.ts';
import type { Entry } from '../work/entry.ts';
import type { LaneKey } from '../work/lane.ts';
import { predictedMs } from './admission.ts';
import type { RequestQueue } from './request-queue.ts';
import type { TransportTime } from './transport-time.ts';

/** What a forecast is made from. */
export interface ForecastParts {
  readonly queue: RequestQueue;
  readonly roster: Roster;
  readonly transport: TransportTime;
  /** How batches of a lane are planned; undefined while nothing is known of it. */
  readonly planOf: (lane: LaneKey) => BatchPlan | undefined;
}

/** How long those who come now will have to wait. */
export class Forecast {
  readonly #parts: ForecastParts;

  constructor(parts: ForecastParts) {
    this.#parts = parts;
  }

  /** Time until a newcomer would be answered; undefined where it waits for less than a batch, or nothing is known. */
  answerMs(entry: Entry, now: number): number | undefined {
    const { queue, roster, transport, planOf } = this.#parts;
    if (queue.rows === 0) return undefined;
    const plan = planOf(entry.lane);
    const replicas = roster.serving;
    if (plan === undefined || replicas === 0 || queue.rows < plan.target.rows) return undefined;
    return predictedMs({
      rows: entry.rows,
      rowsAhead: this.#rowsAhead(entry),
      targetRows: plan.target.rows,
      batchMs: plan.usualMs,
      replicas,
      idleInMs: roster.idleInMs(now),
      transportMs: transport.usualMs,
    });
  }

  /** Time until what waits now should have been run; 0 where nothing is known. */
  drainMs(now: number): number {
    const { queue, roster, planOf } = this.#parts;
    const [lane] = queue.lanes();
    const plan = lane === undefined ? undefined : planOf(lane.key);
    if (plan === undefined) return 0;
    const batches = Math.ceil(queue.rows / plan.target.rows);
    return roster.idleInMs(now) + (batches * plan.plannedMs(plan.target.rows)) / Math.max(1, roster.serving);
  }

  /** By priority all that is as urgent; of other tenants no more than fairness lets go first. */
  #rowsAhead(entry: Entry): number {
    const { queue } = this.#parts;
    const urgent = queue.rowsFrom(entry.priority);
    const own = queue.rowsOf(entry.tenant);
    const others = queue.tenants - (own > 0 ? 1 : 0);
    return Math.min(urgent, own + others * (own + entry.rows));
  }
}

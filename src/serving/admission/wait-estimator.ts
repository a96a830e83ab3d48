import type { MarginFacts } from '../../batching/margin.ts';
import type { BatchPlan } from '../../batching/slo-policy.ts';
import type { Roster } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { RequestQueue } from '../queue/request-queue.ts';
import type { TransportTime } from '../queue/transport-time.ts';
import { predictedMs } from './wait-prediction.ts';

/** Dependencies of a `WaitEstimator`. */
export interface EstimatorParts {
  readonly queue: RequestQueue;
  readonly roster: Roster;
  readonly transport: TransportTime;
  readonly margin: MarginFacts;
  /** Plans the batches of a lane; undefined while nothing is known of it. */
  readonly planOf: (lane: LaneKey) => BatchPlan | undefined;
}

/** What the wait of a new request depends on. */
export type NewRequest = Pick<Entry, 'lane' | 'rows' | 'priority' | 'tenant'>;

/** Estimate for a request on an idle replica. */
export interface LoneEstimate {
  readonly ms: number;
  readonly mostRows: number;
  /** Batches of about that size have run before. */
  readonly isSeen: boolean;
}

/** Predicts the wait of new requests. */
export class WaitEstimator {
  readonly #parts: EstimatorParts;

  constructor(parts: EstimatorParts) {
    this.#parts = parts;
  }

  /**
   * Time until a new request is answered, in ms, with the margin of a plan; undefined where it waits for less than a
   * batch, or nothing is known.
   */
  answerMs(entry: NewRequest, now: number): number | undefined {
    const { queue, roster, transport, margin, planOf } = this.#parts;
    if (queue.rows === 0) return undefined;
    const plan = planOf(entry.lane);
    const replicas = roster.serving;
    if (plan === undefined || replicas === 0 || queue.rows < plan.target.rows) return undefined;
    return predictedMs({
      rows: entry.rows,
      rowsAhead: this.#rowsAhead(entry),
      targetRows: plan.target.rows,
      batchMs: plan.batchMs,
      replicas,
      idleInMs: roster.idleInMs(now),
      transportMs: transport.ms,
      marginMs: Math.min(margin.ms, plan.target.mostMarginMs),
    });
  }

  /**
   * Service time of a request on an idle replica, and the most rows that take at most `limitMs`; undefined where nothing
   * is known.
   */
  alone({ rows, lane }: Entry, limitMs: number): LoneEstimate | undefined {
    const { roster, transport, planOf } = this.#parts;
    const plan = planOf(lane);
    const curve = roster.service.peek(lane);
    if (plan === undefined || curve === undefined) return undefined;
    const takesMs = (some: number) => plan.batchMs(some) + transport.ms;
    let [mostRows, tooMany] = [0, rows + 1];
    while (tooMany - mostRows > 1) {
      const middle = (mostRows + tooMany) >> 1;
      if (takesMs(middle) <= limitMs) mostRows = middle;
      else tooMany = middle;
    }
    return { ms: takesMs(rows), mostRows, isSeen: curve.hasSeen(rows) };
  }

  /** Predicted time until the queue as it is now has run, in ms; 0 where nothing is known. */
  drainMs(now: number): number {
    const { queue, roster, planOf } = this.#parts;
    const [lane] = queue.lanes();
    const plan = lane === undefined ? undefined : planOf(lane.key);
    if (plan === undefined) return 0;
    const batches = Math.ceil(queue.rows / plan.target.rows);
    return roster.idleInMs(now) + (batches * plan.batchMs(plan.target.rows)) / Math.max(1, roster.serving);
  }

  /** By priority, all rows that are as urgent; of other tenants, at most the rows that fairness puts first. */
  #rowsAhead(entry: NewRequest): number {
    const { queue } = this.#parts;
    const urgent = queue.rowsFrom(entry.priority);
    const own = queue.rowsOf(entry.tenant);
    const others = queue.tenants - (own > 0 ? 1 : 0);
    return Math.min(urgent, own + others * (own + entry.rows));
  }
}

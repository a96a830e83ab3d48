import type { Clock } from '../../base/clock.ts';
import type { Margin } from '../../batching/margin.ts';
import type { BatchPlan } from '../../batching/slo-policy.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { TransportTime } from '../queue/transport-time.ts';
import type { BatchEnded } from './dispatcher.ts';
import { RequestWork } from './request-work.ts';

/** What a watch needs of its request path. */
export interface WatchedPath {
  readonly planOf: (lane: LaneKey) => BatchPlan | undefined;
  readonly transport: TransportTime;
}

/** Tells the margin how many of the admitted requests were answered in time, batch by batch. */
export class PunctualityWatch {
  readonly #clock: Clock;
  readonly #margin: Margin;
  readonly #path: WatchedPath;

  constructor(clock: Clock, margin: Margin, path: WatchedPath) {
    this.#clock = clock;
    this.#margin = margin;
    this.#path = path;
  }

  /** The time that counts is the end of the turn, when all answers are written. */
  batchEnded({ work, outcome, expectedAt }: BatchEnded): void {
    if (outcome.kind !== 'done' || !(work instanceof RequestWork)) return;
    this.#clock.endOfTurn(() => this.#count(work, expectedAt));
  }

  #count({ lane, members }: RequestWork, expectedAt: number): void {
    const plan = this.#path.planOf(lane);
    if (plan === undefined) return;
    const now = this.#clock.now();
    let [late, all] = [0, 0];
    for (const { isExploration, hasLeft, dueBy } of members) {
      if (isExploration || hasLeft) continue;
      all += 1;
      if (now > dueBy) late += 1;
    }
    const excessMs = now - expectedAt - this.#path.transport.ms;
    this.#margin.observe({ late, all, excessMs }, plan.target.mostMarginMs);
  }
}

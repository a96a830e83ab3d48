import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Reason } from '../../base/errors.ts';
import { SlidingWindow } from '../../base/sliding-window.ts';
import type { MemoryGrows } from '../monitor/memory-watch.ts';
import type { VersionInService } from './version-in-service.ts';

const HOUR_MS = 3_600_000;
export const FIVE_MINUTES_MS = 300_000;
const SHED: ReadonlySet<Reason> = new Set(['REPLICA_LOST', 'DROPPED_LATE', 'DISPLACED'] as const);
/** Batches without NaN and infinity after which a model counts as one that never returns them. */
const ENOUGH_FINITE = 100;

/** Recent facts of one version that alerts depend on. */
export class VersionWatch {
  readonly version: VersionInService;
  readonly restarts: SlidingWindow;
  readonly quarantined = new SlidingWindow(HOUR_MS);
  readonly ejections = new SlidingWindow(HOUR_MS);
  readonly lateErrors = new SlidingWindow(HOUR_MS);
  readonly requests = new SlidingWindow(FIVE_MINUTES_MS);
  readonly shed = new SlidingWindow(FIVE_MINUTES_MS);
  readonly budgetExhausted = new SlidingWindow(FIVE_MINUTES_MS);
  readonly #since = new Map<string, number>();
  lastEnd = '';
  lastLateError = '';
  growth: MemoryGrows | undefined;
  growthAt = Number.NEGATIVE_INFINITY;
  /** When a model that had never returned NaN or infinity last returned one. */
  notFiniteAt = Number.NEGATIVE_INFINITY;
  #finiteBatches = 0;
  #givesNotFinite = false;

  constructor(version: VersionInService, clock: Clock, restartWindowMs: number) {
    this.version = version;
    this.restarts = new SlidingWindow(restartWindowMs);
    version.supervisor.lifecycle.moved.on(({ replica, to, reason }) => {
      if (to !== 'backoff') return;
      this.restarts.add(clock.now());
      this.lastEnd = `${replica}: ${reason}`;
    });
    version.path.recovery.losses.quarantined.on(() => this.quarantined.add(clock.now()));
    version.supervisor.lateError.on(({ replica, message, stack }) => {
      this.lateErrors.add(clock.now());
      this.lastLateError = `${replica}: ${message}${placeOf(stack)}`;
    });
    version.path.recovery.budgetExhausted.on(() => this.budgetExhausted.add(clock.now()));
    version.health.conditions.ejected.on(() => this.ejections.add(clock.now()));
    version.path.service.requestSettled.on(({ outcome }) => {
      this.requests.add(clock.now());
      if (isRefusal(outcome) && SHED.has(outcome.reason)) this.shed.add(clock.now());
    });
    version.health.memory.grows.on((growth) => {
      this.growth = growth;
      this.growthAt = clock.now();
    });
    version.path.dispatcher.batchEnded.on(({ outcome }) => {
      if (outcome.kind !== 'done') return;
      if (outcome.isNotFinite !== true) this.#finiteBatches += 1;
      else if (this.#finiteBatches < ENOUGH_FINITE) this.#givesNotFinite = true;
      else if (!this.#givesNotFinite) this.notFiniteAt = clock.now();
    });
  }

  /** For how long a condition has held without a break, in ms. */
  lastingMs(what: string, isTheCase: boolean, now: number): number {
    if (!isTheCase) this.#since.delete(what);
    else if (!this.#since.has(what)) this.#since.set(what, now);
    return now - (this.#since.get(what) ?? now);
  }
}

/** The top line of a stack trace: a place in the model's code. */
function placeOf(stack: string): string {
  const [, place] = /^\s+at (.+)$/m.exec(stack) ?? [];
  return place === undefined ? '' : ` (at ${place})`;
}

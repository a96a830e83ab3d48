import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Entry } from '../../work/entry.ts';
import type { RequestQueue } from '../queue/request-queue.ts';
import type { WaitEstimator } from './wait-estimator.ts';
import { ExplorationAdmission } from './wait-prediction.ts';

/** What a gate decides by. */
export interface AdmissionParts {
  readonly queue: RequestQueue;
  readonly waitEstimator: WaitEstimator;
  readonly random: Random;
}

/** A second of gracePeriod is the least that is asked of a client, half a minute the most. */
const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;
/** How often a request runs that is too large for the objective. */
const TRIAL_MS = 10_000;

/** Lets requests into the queue, or says why they cannot wait there: no time for it, or no room. */
export class AdmissionController {
  readonly #clock: Clock;
  readonly #objectiveMs: number | undefined;
  readonly #parts: AdmissionParts;
  readonly #exploration = new ExplorationAdmission();
  /** When a request too large for the objective ran last. */
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, objectiveMs: number | undefined, parts: AdmissionParts) {
    this.#clock = clock;
    this.#objectiveMs = objectiveMs;
    this.#parts = parts;
  }

  /** Finds the entry a place in the queue, or says why there is none. */
  enter(entry: Entry): Refusal | undefined {
    const { queue } = this.#parts;
    queue.asked(entry);
    const tooLarge = this.#neverInTime(entry);
    if (tooLarge !== undefined) return tooLarge;
    const late = this.#tooLate(entry);
    if (late !== undefined) return late;
    const room = queue.roomFor(entry);
    if (isRefusal(room)) return { ...room, retryAfterMs: this.#retryAfterMs() };
    for (const displaced of room) {
      queue.remove(displaced);
      displaced.settle(
        this.#overload(
          'DISPLACED',
          'the queue is full, and a more urgent request, or one of a caller with less in it, has taken this place',
        ),
      );
    }
    queue.add(entry);
    return undefined;
  }

  /** Whether it could not be answered in time: then it is told so now, where it costs nothing. */
  #tooLate(entry: Entry): Refusal | undefined {
    if (this.#objectiveMs === undefined || entry.isExploration) return undefined;
    const { waitEstimator } = this.#parts;
    const now = this.#clock.now();
    this.#exploration.asked(now);
    const answerMs = waitEstimator.answerMs(entry, now);
    const leftMs = entry.dueBy - now;
    if (answerMs === undefined || answerMs <= leftMs) {
      // Where whoever is let in is dropped after all, nothing runs, and nothing is learned either.
      entry.isExploration = this.#exploration.take(now);
      return undefined;
    }
    this.#exploration.refused(now);
    if (this.#exploration.take(now)) {
      entry.isExploration = true;
      return undefined;
    }
    return this.#overload(
      'PREDICTED_LATE',
      `would be answered in ${Math.round(answerMs)} ms, and ${Math.round(leftMs)} ms are left: ` +
        `${this.#parts.queue.rows} rows are waiting; try again later`,
    );
  }

  /**
   * A request that by its own rows takes longer than the objective, however idle everything is, is told so at once: to
   * try again would be of no use. Now and then one runs all the same, for what is known of such sizes may be wrong.
   */
  #neverInTime(entry: Entry): Refusal | undefined {
    const objectiveMs = this.#objectiveMs;
    if (objectiveMs === undefined || entry.rows === 1) return undefined;
    const alone = this.#parts.waitEstimator.alone(entry, objectiveMs);
    if (alone === undefined || alone.ms <= objectiveMs || alone.mostRows === 0) return undefined;
    const now = this.#clock.now();
    if (!alone.isSeen || now - this.#triedAt >= TRIAL_MS) {
      this.#triedAt = now;
      entry.isExploration = true;
      return undefined;
    }
    return refuse(
      'BATCH_TOO_LARGE',
      `${entry.rows} rows take ${Math.round(alone.ms)} ms on an idle replica, and the objective is ${objectiveMs} ms: ` +
        `send requests of at most ${alone.mostRows} rows`,
    );
  }

  #overload(reason: 'PREDICTED_LATE' | 'DROPPED_LATE' | 'DISPLACED', message: string): Refusal {
    return refuse(reason, message, this.#retryAfterMs());
  }

  /** When the queue should be empty, a little different for everybody: they must not all come back at once. */
  #retryAfterMs(): number {
    const drainMs = this.#parts.waitEstimator.drainMs(this.#clock.now());
    const usualMs = Math.min(Math.max(drainMs, LEAST_RETRY_MS), MOST_RETRY_MS);
    return Math.round(usualMs * (1 + this.#parts.random.unit() / 2));
  }

  /** Share of the last requests that were refused or dropped for want of time. */
  get shedShare(): number {
    return this.#exploration.shedShare;
  }

  /** For one that has waited in vain. */
  tooLateNow(entry: Entry): Refusal {
    const now = this.#clock.now();
    this.#exploration.refused(now);
    const [waitedMs, leftMs] = [
      Math.round(now - entry.receivedAt),
      Math.max(0, Math.round(entry.dueBy - now)),
    ];
    return this.#overload(
      'DROPPED_LATE',
      `dropped after ${waitedMs} ms: with ${leftMs} ms left it could not have kept its objective`,
    );
  }
}

import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { Entry, Tenant } from '../../work/entry.ts';
import type { RequestQueue } from '../queue/request-queue.ts';
import { Door, type RefusedAtDoor } from './door.ts';
import type { AdmissionTerms } from './request-facts.ts';
import type { WaitEstimator } from './wait-estimator.ts';
import { ExplorationAdmission } from './wait-prediction.ts';

/** Dependencies of the controller. */
export interface AdmissionParts {
  readonly queue: RequestQueue;
  readonly waitEstimator: WaitEstimator;
  readonly random: Random;
}

/** Bounds of the retry-after delay before jitter, in ms. */
const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;
/** Interval of trial runs of a request that is too large for the objective, in ms. */
const TRIAL_MS = 10_000;

/** How long prepared refusals are used, in ms. */
const PREPARED_MS = 20;

/** The terms of a version that a controller needs. */
export type ControllerTerms = Pick<AdmissionTerms, 'objectiveMs' | 'priority'>;

/** A prediction for a request whose body is not read. */
export interface LateAtDoor {
  readonly answerMs: number;
  readonly leftMs: number;
}

/** Admits requests to the queue, or refuses them for want of time or room. */
export class AdmissionController {
  readonly #clock: Clock;
  readonly #terms: ControllerTerms;
  readonly #parts: AdmissionParts;
  readonly #exploration = new ExplorationAdmission();
  readonly #door = new Door();
  /** Requests were refused from their headers; emitted for some at a time. */
  readonly refusedAtDoor = new Event<RefusedAtDoor>();
  /** When a request too large for the objective last ran. */
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, terms: ControllerTerms, parts: AdmissionParts) {
    this.#clock = clock;
    this.#terms = terms;
    this.#parts = parts;
  }

  /** Adds the entry to the queue, or returns the refusal. */
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
          'displaced from the full queue by a request of higher priority, or of a tenant with fewer rows in the queue; try again later',
        ),
      );
    }
    queue.add(entry);
    return undefined;
  }

  /** Early admission: refuses a request now that could not be answered in time. */
  #tooLate(entry: Entry): Refusal | undefined {
    if (this.#terms.objectiveMs === undefined || entry.isExploration) return undefined;
    const { waitEstimator } = this.#parts;
    const now = this.#clock.now();
    this.#exploration.asked(now);
    const answerMs = waitEstimator.answerMs(entry, now);
    const leftMs = entry.dueBy - now;
    if (answerMs === undefined || answerMs <= leftMs) {
      // Where admitted requests are dropped later all the same, nothing runs and nothing is learned.
      entry.isExploration = this.#exploration.take(now);
      return undefined;
    }
    this.#exploration.refused(now);
    if (this.#exploration.take(now)) {
      entry.isExploration = true;
      return undefined;
    }
    return this.#predictedLate(answerMs, leftMs);
  }

  /** Why a request of this tenant is refused from its headers; undefined where its body is to be read. */
  lateAtDoor(tenant: Tenant, delayMs: number): LateAtDoor | undefined {
    const { objectiveMs, priority } = this.#terms;
    const { queue, waitEstimator } = this.#parts;
    const lane = queue.onlyLane;
    if (objectiveMs === undefined || lane === undefined || this.#door.isOpenForGood) return undefined;
    const answerMs = waitEstimator.answerMs({ lane, rows: 1, priority, tenant }, this.#clock.now());
    const leftMs = objectiveMs - delayMs;
    return answerMs === undefined || answerMs <= leftMs ? undefined : { answerMs, leftMs };
  }

  /** Refuses a request of this tenant from its headers, or lets it pass, so that others like it are not forgotten. */
  refuseAtDoor(tenant: Tenant, { answerMs, leftMs }: LateAtDoor): Refusal | undefined {
    const now = this.#clock.now();
    const door = this.#door;
    if (this.#exploration.isDue(now) || door.passes()) return undefined;
    this.#parts.queue.asked({ tenant, rows: 1 });
    this.#exploration.asked(now);
    this.#exploration.refused(now);
    if (!door.isPrepared) {
      door.prepare(() => this.#predictedLate(answerMs, leftMs));
      this.#clock.at(now + PREPARED_MS, () => this.refusedAtDoor.emit(door.renew()));
    }
    return door.refuse();
  }

  /** A request that named a priority in its body was read. */
  openForGood(): void {
    this.#door.isOpenForGood = true;
  }

  #predictedLate(answerMs: number, leftMs: number): Refusal {
    return this.#overload(
      'PREDICTED_LATE',
      `predicted to be answered in ${Math.round(answerMs)} ms, but only ${Math.round(leftMs)} ms are left: ` +
        `${this.#parts.queue.rows} rows are waiting; try again later`,
    );
  }

  /**
   * Refuses a request at once whose own rows take longer than the objective on an idle replica: a retry cannot succeed.
   * Now and then one runs all the same, because the known time of such sizes may be wrong.
   */
  #neverInTime(entry: Entry): Refusal | undefined {
    const { objectiveMs } = this.#terms;
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

  /** The predicted time until the queue is empty, with jitter: clients must not all retry at the same moment. */
  #retryAfterMs(): number {
    const drainMs = this.#parts.waitEstimator.drainMs(this.#clock.now());
    const usualMs = Math.min(Math.max(drainMs, LEAST_RETRY_MS), MOST_RETRY_MS);
    return Math.round(usualMs * (1 + this.#parts.random.unit() / 2));
  }

  /** Share of recent requests that were refused or dropped for want of time. */
  get shedShare(): number {
    return this.#exploration.shedShare;
  }

  /** Refusal of a request that was dropped after it waited. */
  tooLateNow(entry: Entry): Refusal {
    const now = this.#clock.now();
    this.#exploration.refused(now);
    const [waitedMs, leftMs] = [
      Math.round(now - entry.receivedAt),
      Math.max(0, Math.round(entry.dueBy - now)),
    ];
    return this.#overload(
      'DROPPED_LATE',
      `dropped after ${waitedMs} ms in the queue: the ${leftMs} ms left are too short to meet the objective`,
    );
  }
}

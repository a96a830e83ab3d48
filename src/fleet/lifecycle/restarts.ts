import type { Random } from '../../base/random.ts';
import { SlidingWindow } from '../../base/sliding-window.ts';
import type { RestartSettings } from '../../config/recovery-settings.ts';
import {
  afterIncarnation,
  decideRestart,
  type EndedIncarnation,
  NO_FAILURES,
  type RestartDecision,
  type RestartHistory,
  type RestartSettings as RestartRules,
  wasHealthy,
} from '../../health/restart-policy.ts';

/** Deaths so close together have one cause. */
const FLEET_WINDOW_MS = 30_000;
/** Late errors closer together than this hold up the next restart. */
const LATE_ERRORS_MS = 60_000;

/** The history of a version's unexpected ends, which all its replicas share, and what follows from it. */
export class Restarts {
  readonly #rules: RestartRules;
  readonly #random: Random;
  readonly #lately = new SlidingWindow(FLEET_WINDOW_MS);
  readonly #lateErrors = new SlidingWindow(LATE_ERRORS_MS);
  /** ReplicaLifecycle that count only if what they were running is cleared. */
  readonly #onTrial = new Map<string, { readonly incarnation: EndedIncarnation; readonly endedAt: number }>();
  #history: RestartHistory = NO_FAILURES;

  constructor(settings: RestartSettings, random: Random) {
    const { initialDelayMs, maxDelayMs, maxFailures, maxExits, windowMs, healthyAfterMs } = settings;
    this.#rules = {
      ...{ initialDelayMs, maxDelayMs, maxFailures, maxExits, windowMs },
      resetAfter: { readyMs: healthyAfterMs },
    };
    this.#random = random;
  }

  /** A incarnation has ended unexpectedly: whether and when another one begins. */
  afterIncarnation(incarnation: EndedIncarnation, now: number): RestartDecision {
    this.#history = afterIncarnation(this.#rules, this.#history, incarnation, now);
    return this.#decide(now);
  }

  /** The same for a incarnation that an input may have ended: if it may count at all, then when `tried` says so. */
  afterIncarnationOnTrial(
    name: string,
    incarnation: EndedIncarnation,
    now: number,
    mayCount: boolean,
  ): RestartDecision {
    if (wasHealthy(this.#rules, incarnation)) return this.afterIncarnation(incarnation, now);
    if (mayCount) this.#onTrial.set(name, { incarnation, endedAt: now });
    return this.#decide(now);
  }

  /**
   * The same for a incarnation that was ended by an error which belongs to no batch. It did its work well until then, so it
   * counts for nothing; but a model that makes this mistake all the time must not be restarted all the time.
   */
  afterLateError(incarnation: EndedIncarnation, now: number): RestartDecision {
    if (incarnation.readyForMs === undefined || wasHealthy(this.#rules, incarnation))
      return this.afterIncarnation(incarnation, now);
    this.#lateErrors.add(now);
    const decision = this.#decide(now);
    if (decision.kind === 'give up' || this.#lateErrors.count(now) < 2) return decision;
    return { kind: 'restart', afterMs: Math.max(decision.afterMs, this.#rules.initialDelayMs) };
  }

  /** What a incarnation was running has been tried. */
  tried(name: string, isTheModels: boolean): void {
    const trial = this.#onTrial.get(name);
    this.#onTrial.delete(name);
    if (trial === undefined || !isTheModels) return;
    this.#history = afterIncarnation(this.#rules, this.#history, trial.incarnation, trial.endedAt);
  }

  /** Whether so many of `replicas` ended lately that they must come back one at a time. */
  mustComeOneByOne(replicas: number, now: number): boolean {
    return replicas > 1 && this.#lately.count(now) * 2 >= replicas;
  }

  /** Somebody has changed what was wrong. */
  resetHistory(): void {
    this.#history = NO_FAILURES;
    this.#onTrial.clear();
  }

  #decide(now: number): RestartDecision {
    this.#lately.add(now);
    return decideRestart(this.#rules, this.#history, now, this.#random.unit());
  }
}

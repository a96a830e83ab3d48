import type { Random } from '../base/random.ts';
import { SlidingWindow } from '../base/sliding-window.ts';
import type { RestartSettings } from '../config/recovery-settings.ts';
import {
  afterLife,
  decideRestart,
  type EndedLife,
  isGoodLife,
  NO_FAILURES,
  type RestartDecision,
  type RestartHistory,
  type RestartSettings as RestartRules,
} from '../health/restart-policy.ts';

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
  /** Lives that count only if what they were running is cleared. */
  readonly #onTrial = new Map<string, { readonly life: EndedLife; readonly endedAt: number }>();
  #history: RestartHistory = NO_FAILURES;

  constructor(settings: RestartSettings, random: Random) {
    const { initialDelayMs, maxDelayMs, maxBadLives, maxExits, windowMs, goodLifeMs } = settings;
    this.#rules = {
      ...{ initialDelayMs, maxDelayMs, maxBadLives, maxExits, windowMs },
      resetAfter: { readyMs: goodLifeMs },
    };
    this.#random = random;
  }

  /** A life has ended unexpectedly: whether and when another one begins. */
  afterLife(life: EndedLife, now: number): RestartDecision {
    this.#history = afterLife(this.#rules, this.#history, life, now);
    return this.#decide(now);
  }

  /** The same for a life that an input may have ended: if it may count at all, then when `tried` says so. */
  afterLifeOnTrial(name: string, life: EndedLife, now: number, mayCount: boolean): RestartDecision {
    if (isGoodLife(this.#rules, life)) return this.afterLife(life, now);
    if (mayCount) this.#onTrial.set(name, { life, endedAt: now });
    return this.#decide(now);
  }

  /**
   * The same for a life that was ended by an error which belongs to no batch. It did its work well until then, so it
   * counts for nothing; but a model that makes this mistake all the time must not be restarted all the time.
   */
  afterLateError(life: EndedLife, now: number): RestartDecision {
    if (life.readyForMs === undefined || isGoodLife(this.#rules, life)) return this.afterLife(life, now);
    this.#lateErrors.add(now);
    const decision = this.#decide(now);
    if (decision.kind === 'give up' || this.#lateErrors.count(now) < 2) return decision;
    return { kind: 'restart', afterMs: Math.max(decision.afterMs, this.#rules.initialDelayMs) };
  }

  /** What a life was running has been tried. */
  tried(name: string, isTheModels: boolean): void {
    const trial = this.#onTrial.get(name);
    this.#onTrial.delete(name);
    if (trial === undefined || !isTheModels) return;
    this.#history = afterLife(this.#rules, this.#history, trial.life, trial.endedAt);
  }

  /** Whether so many of `replicas` ended lately that they must come back one at a time. */
  mustComeOneByOne(replicas: number, now: number): boolean {
    return replicas > 1 && this.#lately.count(now) * 2 >= replicas;
  }

  /** Somebody has changed what was wrong. */
  forgive(): void {
    this.#history = NO_FAILURES;
    this.#onTrial.clear();
  }

  #decide(now: number): RestartDecision {
    this.#lately.add(now);
    return decideRestart(this.#rules, this.#history, now, this.#random.unit());
  }
}

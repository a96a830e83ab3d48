import type { Random } from '../base/random.ts';
import { SlidingWindow } from '../base/sliding-window.ts';
import type { RestartSettings } from '../config/recovery-settings.ts';
import {
  afterLife,
  decideRestart,
  type EndedLife,
  NO_FAILURES,
  type RestartDecision,
  type RestartHistory,
} from '../health/restart-policy.ts';

/** Deaths so close together have one cause. */
const FLEET_WINDOW_MS = 30_000;

/** The history of a version's unexpected ends, which all its replicas share, and what follows from it. */
export class Restarts {
  readonly #settings: RestartSettings;
  readonly #random: Random;
  readonly #lately = new SlidingWindow(FLEET_WINDOW_MS);
  #history: RestartHistory = NO_FAILURES;

  constructor(settings: RestartSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** A life has ended unexpectedly: whether and when another one begins. */
  afterLife(life: EndedLife, now: number): RestartDecision {
    const { initialDelayMs, maxDelayMs, maxBadLives, maxExits, windowMs, goodLifeMs } = this.#settings;
    const policy = {
      ...{ initialDelayMs, maxDelayMs, maxBadLives, maxExits, windowMs },
      resetAfter: { readyMs: goodLifeMs },
    };
    this.#lately.add(now);
    this.#history = afterLife(policy, this.#history, life, now);
    return decideRestart(policy, this.#history, now, this.#random.unit());
  }

  /** Whether so many of `replicas` ended lately that they must come back one at a time. */
  mustComeOneByOne(replicas: number, now: number): boolean {
    return replicas > 1 && this.#lately.count(now) * 2 >= replicas;
  }

  /** Somebody has changed what was wrong. */
  forgive(): void {
    this.#history = NO_FAILURES;
  }
}

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
import type { Exit } from '../../replica/exit.ts';
import { incarnationName, type ReplicaSlot } from './replica-slot.ts';

/** Exits within this window are taken to have one cause. */
const FLEET_WINDOW_MS = 30_000;
/** Two late errors within this window delay the next restart. */
const LATE_ERRORS_MS = 60_000;

/** The unexpected exits of a version, shared by all its replicas, and the restart decisions based on them. */
export class Restarts {
  readonly #rules: RestartRules;
  readonly #random: Random;
  readonly #lately = new SlidingWindow(FLEET_WINDOW_MS);
  readonly #lateErrors = new SlidingWindow(LATE_ERRORS_MS);
  /** Incarnations that count as failures only if none of the requests they were running is found to have ended them. */
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

  /** Records an unexpected exit and decides whether and when another process starts. */
  afterExit(slot: ReplicaSlot, exit: Exit, isOnTrial: boolean, now: number): RestartDecision {
    const incarnation = endedIncarnation(slot, exit, now);
    if (exit.cause === 'late error') return this.#afterLateError(incarnation, now);
    if (!isOnTrial) return this.#afterIncarnation(incarnation, now);
    // An error thrown while a batch of several ran may come too early for its own input to be found alone.
    const mayCount = exit.stack === undefined;
    return this.#afterTrial(incarnationName(slot.id, slot.incarnation), incarnation, now, mayCount);
  }

  #afterIncarnation(incarnation: EndedIncarnation, now: number): RestartDecision {
    this.#history = afterIncarnation(this.#rules, this.#history, incarnation, now);
    return this.#decide(now);
  }

  /** An input may have ended the incarnation: with `mayCount`, it counts once `tried` confirms it. */
  #afterTrial(name: string, incarnation: EndedIncarnation, now: number, mayCount: boolean): RestartDecision {
    if (wasHealthy(this.#rules, incarnation)) return this.#afterIncarnation(incarnation, now);
    if (mayCount) this.#onTrial.set(name, { incarnation, endedAt: now });
    return this.#decide(now);
  }

  /**
   * The incarnation was ended by an error which belongs to no batch. It worked until then, so it does
   * not count as a failure; but a model that throws such errors repeatedly must not be restarted without a delay.
   */
  #afterLateError(incarnation: EndedIncarnation, now: number): RestartDecision {
    if (incarnation.readyForMs === undefined || wasHealthy(this.#rules, incarnation))
      return this.#afterIncarnation(incarnation, now);
    this.#lateErrors.add(now);
    const decision = this.#decide(now);
    if (decision.kind === 'give up' || this.#lateErrors.count(now) < 2) return decision;
    return { kind: 'restart', afterMs: Math.max(decision.afterMs, this.#rules.initialDelayMs) };
  }

  /** Reports that the requests which an incarnation was running have been retried. */
  tried(name: string, isTheModels: boolean): void {
    const trial = this.#onTrial.get(name);
    this.#onTrial.delete(name);
    if (trial === undefined || !isTheModels) return;
    this.#history = afterIncarnation(this.#rules, this.#history, trial.incarnation, trial.endedAt);
  }

  /** Whether half or more of several `replicas` exited within the window: then they restart one at a time. */
  mustComeOneByOne(replicas: number, now: number): boolean {
    return replicas > 1 && this.#lately.count(now) * 2 >= replicas;
  }

  /** To be called when an operator has fixed the cause. */
  resetHistory(): void {
    this.#history = NO_FAILURES;
    this.#onTrial.clear();
  }

  #decide(now: number): RestartDecision {
    this.#lately.add(now);
    return decideRestart(this.#rules, this.#history, now, this.#random.unit());
  }
}

function endedIncarnation(
  { readyAt, batchesServed }: ReplicaSlot,
  exit: Exit,
  now: number,
): EndedIncarnation {
  return {
    readyForMs: readyAt === undefined ? undefined : now - readyAt,
    batches: batchesServed,
    // When the gateway ends a replica itself, the cause is another one.
    wasKilledFromOutside: exit.cause === 'stopped' || exit.cause === 'killed',
  };
}

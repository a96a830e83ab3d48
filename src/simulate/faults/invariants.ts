import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Reason, type Refusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer } from '../../model/inference.ts';
import type { BatchStarted } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';
import type { LossCause } from '../../work/outcome.ts';
import { type FaultPlan, MARK, POISON } from './fault-plan.ts';

/** A rule that did not hold. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

/** What only the bearer of a mark may be answered. */
const ONLY_FOR_POISON: ReadonlySet<Reason> = new Set(['POISON_INPUT', 'DENIED_INPUT'] as const);
/** What no input does here. */
const FROM_OUTSIDE: ReadonlySet<LossCause> = new Set(['ended', 'late error', 'stopped'] as const);
const MAX_LIVES = 2;
/** Where nothing tells inside from outside, an input is tried twice as often. */
const MAX_UNSEEN_LIVES = 4;

/** Watches a version under faults and keeps the books that show whether every rule holds. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly #plan: FaultPlan;
  readonly #clock: Clock;
  readonly #version: VersionInService;
  readonly #outcomes = new Map<number, (Answer | Refusal)[]>();
  readonly #lives = new Map<number, number>();
  /** Batches under way by replica and life. */
  readonly #running = new Map<string, number>();

  constructor(plan: FaultPlan, clock: Clock, version: VersionInService) {
    this.#plan = plan;
    this.#clock = clock;
    this.#version = version;
    const { dispatcher } = version.path;
    // Inputs that we make up may be poison too, and then the model is at fault.
    let hasLostSynthetic = false;
    version.supervisor.lifecycle.moved.on(({ replica, to, reason }) => {
      if (to === 'failed' && plan.faults.length === 0 && !hasLostSynthetic)
        this.#fail('inputs alone give no replica up', `${replica}: ${reason}`);
    });
    dispatcher.batchStarted.on((started) => this.#onStarted(started));
    dispatcher.batchEnded.on(({ work, replica, outcome }) => {
      this.#count(replica, -1);
      hasLostSynthetic ||= outcome.kind === 'lost' && isSynthetic(work.reason);
      if (outcome.kind !== 'lost' || !outcome.wasRunning || isSynthetic(work.reason)) return;
      if (FROM_OUTSIDE.has(outcome.cause)) return;
      for (const { request } of work.members) {
        const id = Number(request.id);
        const isUnseen = this.#plan.requests[id]?.mark === MARK.killUnseen;
        if (outcome.cause === 'killed' && !isUnseen) continue;
        this.#lives.set(id, (this.#lives.get(id) ?? 0) + 1);
      }
    });
  }

  submitted(id: number): void {
    this.#outcomes.set(id, []);
  }

  answered(id: number, outcome: Answer | Refusal): void {
    this.#outcomes.get(id)?.push(outcome);
    this.#checkQueue();
  }

  /** A mistake that announced itself. */
  threw(error: unknown): void {
    this.#fail('transition table closed, nothing throws', String((error as Error).stack ?? error));
  }

  get #isKilling(): boolean {
    return this.#plan.faults.some(({ kind }) => kind === 'kill' || kind === 'kill storm');
  }

  get isAnyoneRunning(): boolean {
    return [...this.#running.values()].some((count) => count > 0);
  }

  /** To be called when all trouble is over and there was time to mend. */
  checkEnd(): void {
    for (const [id, outcomes] of this.#outcomes) this.#checkOutcome(id, outcomes);
    for (const [id, lives] of this.#lives) {
      const mark = this.#plan.requests[id]?.mark ?? MARK.none;
      // While others kill replicas too, no number of ends proves anything.
      const most = mark !== MARK.killUnseen ? MAX_LIVES : this.#isKilling ? Infinity : MAX_UNSEEN_LIVES;
      if (POISON.has(mark) && lives > most)
        this.#fail('a poison input costs at most two processes', `request ${id}: ${lives}`);
    }
    const { path, supervisor, spec } = this.#version;
    const { health, warmup } = spec.settings;
    const { readiness } = health;
    if (
      path.service.inFlight > 0 ||
      path.queue.rows > 0 ||
      path.queue.bytes > 0 ||
      path.recovery.suspects > 0
    ) {
      const waits = `${path.service.inFlight} in flight, ${path.queue.rows} rows, ${path.recovery.suspects} suspects`;
      this.#fail('nothing left waiting', waits);
    }
    for (const [life, count] of this.#running) {
      if (count !== 0) this.#fail('credits conserved', `${life} still runs ${count} batches`);
    }
    const states = supervisor
      .replicas()
      .map(({ replica, state, reason }) => `${replica} ${state} (${reason})`);
    // Without checks of ours, or an input for them, nobody finds out that a replica without traffic is no longer slow.
    const isChecked = readiness.enabled && warmup.enabled;
    const isWell = (state: string) => state === 'ready' || (state === 'degraded' && !isChecked);
    const ready = supervisor.replicas().filter(({ state }) => isWell(state)).length;
    if (ready !== this.#plan.replicas)
      this.#fail('wanted replicas reached once faults stop', states.join(', '));
    const idle = path.roster
      .free()
      .filter(({ healthStatus, running }) => healthStatus !== undefined && running === 0);
    if (idle.length !== ready)
      this.#fail('credits conserved', `${ready} ready, but only ${idle.length} can be lent`);
  }

  #onStarted({ work, replica, batch }: BatchStarted): void {
    this.#count(replica, 1);
    this.#checkQueue();
    const slot = this.#version.supervisor.find(replica.id);
    const state = slot?.state ?? 'gone';
    const where = `batch ${batch.id} (${work.reason}) to ${replica.id}, which is ${state}`;
    const mayRun = work.reason === 'warmup' ? state === 'warming' : slot?.healthStatus !== undefined;
    const isCurrent = slot?.incarnation === replica.incarnation;
    if (!mayRun || !isCurrent || slot?.ending !== undefined)
      this.#fail('no work to who may not take it', where);
    const running = this.#running.get(lifeOf(replica)) ?? 0;
    if (work.reason === 'isolation' && running > 1) this.#fail('suspects run alone', where);
    if (running > this.#plan.credits) this.#fail('credits conserved', `${running} batches at once: ${where}`);
    if (isSynthetic(work.reason)) return;
    const others = this.#version.path.roster.views().filter(({ healthStatus }) => healthStatus === 'ready');
    const isOwnChoice = work.reason !== 'isolation' && state === 'ejected';
    if (isOwnChoice && others.length * 2 >= this.#plan.replicas) {
      this.#fail('no work to who may not take it', `${where}, while ${others.length} are ready`);
    }
  }

  #checkOutcome(id: number, outcomes: readonly (Answer | Refusal)[]): void {
    if (outcomes.length !== 1)
      this.#fail('every request answered exactly once', `request ${id}: ${outcomes.length} answers`);
    const [outcome] = outcomes;
    const mark = this.#plan.requests[id]?.mark ?? MARK.none;
    if (outcome === undefined) return;
    if (isRefusal(outcome)) {
      if (ONLY_FOR_POISON.has(outcome.reason) && !POISON.has(mark)) {
        this.#fail('no good input quarantined', `request ${id}: ${outcome.message}`);
      }
    } else if (mark !== MARK.none && mark !== MARK.late) {
      this.#fail('no bad answer goes out', `request ${id} with mark ${mark} was answered`);
    }
  }

  #checkQueue(): void {
    const { queue } = this.#version.path;
    const { maxRows, maxBytes } = this.#version.spec.settings.queue;
    if (queue.rows > maxRows || queue.bytes > maxBytes || queue.rows < 0) {
      this.#fail('queue bounds held', `${queue.rows} of ${maxRows} rows, ${queue.bytes} bytes`);
    }
  }

  #count(replica: { readonly id: string; readonly incarnation: number }, by: number): void {
    const life = lifeOf(replica);
    const count = (this.#running.get(life) ?? 0) + by;
    this.#running.set(life, count);
    if (count < 0) this.#fail('credits conserved', `${life} gave back more than it got`);
  }

  #fail(rule: string, detail: string): void {
    this.violations.push({ rule, detail: `at ${this.#clock.now().toFixed(1)} ms: ${detail}` });
  }
}

function lifeOf({ id, incarnation }: { readonly id: string; readonly incarnation: number }): string {
  return `${id} process ${incarnation}`;
}

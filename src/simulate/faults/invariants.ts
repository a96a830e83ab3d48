import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Reason, type Refusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer } from '../../model/inference.ts';
import type { BatchStarted } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';
import type { LossCause } from '../../work/outcome.ts';
import { type FaultPlan, MARK, POISON } from './fault-plan.ts';
import { wastesThroughput } from './throughput-rule.ts';

/** A violated rule. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

/** Reasons that only requests with a mark may get. */
const ONLY_FOR_POISON: ReadonlySet<Reason> = new Set(['POISON_INPUT', 'DENIED_INPUT'] as const);
/** Causes that no input has in this simulation. */
const FROM_OUTSIDE: ReadonlySet<LossCause> = new Set(['ended', 'late error', 'stopped'] as const);
const MAX_PROCESSES = 2;
/** When the cause may be inside or outside, an input is tried twice as often. */
const MAX_UNSEEN_PROCESSES = 4;

/** Observes a version under faults and checks every rule. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly #plan: FaultPlan;
  readonly #clock: Clock;
  readonly #version: VersionInService;
  readonly #outcomes = new Map<number, (Answer | Refusal)[]>();
  readonly #losses = new Map<number, number>();
  /** Running batches by process. */
  readonly #running = new Map<string, number>();

  constructor(plan: FaultPlan, clock: Clock, version: VersionInService) {
    this.#plan = plan;
    this.#clock = clock;
    this.#version = version;
    const { dispatcher } = version.path;
    // Synthetic inputs may also be poison, which counts against the model.
    let hasLostSynthetic = false;
    version.supervisor.lifecycle.moved.on(({ replica, to, reason }) => {
      if (to === 'failed' && plan.faults.length === 0 && !hasLostSynthetic)
        this.#fail('inputs alone do not stop restarts', `${replica}: ${reason}`);
    });
    dispatcher.batchStarted.on((started) => this.#onStarted(started));
    dispatcher.batchEnded.on(({ work, replica, outcome }) => {
      this.#count(replica, -1);
      hasLostSynthetic ||= outcome.kind === 'lost' && isSynthetic(work.reason);
      if (outcome.kind !== 'lost' || !outcome.wasRunning || isSynthetic(work.reason)) return;
      if (this.#isFaultless && !hasLostSynthetic) this.#fail('a scale-down loses no batch', outcome.cause);
      if (FROM_OUTSIDE.has(outcome.cause)) return;
      for (const { request } of work.members) {
        const id = Number(request.id);
        const isUnseen = this.#plan.requests[id]?.mark === MARK.killUnseen;
        if (outcome.cause === 'killed' && !isUnseen) continue;
        this.#losses.set(id, (this.#losses.get(id) ?? 0) + 1);
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

  /** Records an exception of the server. */
  threw(error: unknown): void {
    this.#fail('transition table closed, nothing throws', String((error as Error).stack ?? error));
  }

  /** The number of replicas that should run. */
  get #wanted(): number {
    return this.#plan.scaling === undefined ? this.#plan.replicas : this.#version.supervisor.wanted;
  }

  get #isKilling(): boolean {
    return this.#plan.faults.some(({ kind }) => kind === 'kill' || kind === 'kill storm');
  }

  /** Nothing but scaling ends replicas. */
  get #isFaultless(): boolean {
    const { faults, requests, mistakeShare } = this.#plan;
    return faults.length === 0 && mistakeShare === 0 && requests.every(({ mark }) => mark === MARK.none);
  }

  get isAnyoneRunning(): boolean {
    return [...this.#running.values()].some((count) => count > 0);
  }

  /** Call after all faults have ended and the time for recovery has passed. */
  checkEnd(): void {
    for (const [id, outcomes] of this.#outcomes) this.#checkOutcome(id, outcomes);
    for (const [id, losses] of this.#losses) {
      const mark = this.#plan.requests[id]?.mark ?? MARK.none;
      // While replicas are also killed from outside, no number of ends is proof.
      const most =
        mark !== MARK.killUnseen ? MAX_PROCESSES : this.#isKilling ? Infinity : MAX_UNSEEN_PROCESSES;
      if (POISON.has(mark) && losses > most)
        this.#fail('a poison input costs at most two processes', `request ${id}: ${losses}`);
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
    for (const [key, count] of this.#running) {
      if (count !== 0) this.#fail('credits conserved', `${key} still runs ${count} batches`);
    }
    const states = supervisor
      .replicas()
      .map(({ replica, state, reason }) => `${replica} ${state} (${reason})`);
    // Without probes, or an input for them, a replica without traffic that is no longer slow stays degraded.
    const hasInput = this.#version.loaded?.inputs.chosen !== undefined;
    const isChecked = readiness.enabled && warmup.enabled && hasInput;
    const isWell = (state: string) => state === 'ready' || (state === 'degraded' && !isChecked);
    const ready = supervisor.replicas().filter(({ state }) => isWell(state)).length;
    if (ready !== this.#wanted) this.#fail('wanted replicas reached once faults stop', states.join(', '));
    const idle = path.roster
      .free()
      .filter(({ healthStatus, running }) => healthStatus !== undefined && running === 0);
    if (idle.length !== ready)
      this.#fail('credits conserved', `${ready} ready, but only ${idle.length} can be lent`);
  }

  #onStarted(started: BatchStarted): void {
    const { work, replica, batch } = started;
    this.#count(replica, 1);
    this.#checkQueue();
    const waste = wastesThroughput(this.#version, this.#clock.now(), started);
    if (waste !== undefined) this.#fail('under pressure, no less throughput than greedy batches', waste);
    const slot = this.#version.supervisor.find(replica.id);
    const state = slot?.state ?? 'gone';
    const where = `batch ${batch.id} (${work.reason}) to ${replica.id}, which is ${state}`;
    const mayRun = work.reason === 'warmup' ? state === 'warming' : slot?.healthStatus !== undefined;
    const isCurrent = slot?.incarnation === replica.incarnation;
    if (!mayRun || !isCurrent || slot?.ending !== undefined)
      this.#fail('no work to ineligible replicas', where);
    const running = this.#running.get(processKey(replica)) ?? 0;
    if (work.reason === 'isolation' && running > 1) this.#fail('suspects run alone', where);
    if (running > this.#plan.credits) this.#fail('credits conserved', `${running} batches at once: ${where}`);
    if (isSynthetic(work.reason)) return;
    const others = this.#version.path.roster.views().filter(({ healthStatus }) => healthStatus === 'ready');
    const isOwnChoice = work.reason !== 'isolation' && state === 'ejected';
    if (isOwnChoice && others.length * 2 >= this.#wanted) {
      this.#fail('no work to ineligible replicas', `${where}, while ${others.length} are ready`);
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
    const key = processKey(replica);
    const count = (this.#running.get(key) ?? 0) + by;
    this.#running.set(key, count);
    if (count < 0) this.#fail('credits conserved', `${key} gave back more than it got`);
  }

  #fail(rule: string, detail: string): void {
    this.violations.push({ rule, detail: `at ${this.#clock.now().toFixed(1)} ms: ${detail}` });
  }
}

function processKey({ id, incarnation }: { readonly id: string; readonly incarnation: number }): string {
  return `${id} process ${incarnation}`;
}

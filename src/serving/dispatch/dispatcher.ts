import type { Balancer } from '../../balancing/balancer.ts';
import { eligible } from '../../balancing/eligible.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { isRefusal, type Reason, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { Replica } from '../../replica/replica.ts';
import type { ReplicaView, Roster } from '../../replica/roster.ts';
import type { Batch } from '../../work/batch.ts';
import type { Outcome, OutcomeSink } from '../../work/outcome.ts';
import type { DispatchFacts, Work, WorkLater, WorkOffer, WorkSource } from './work-source.ts';

/** A batch that was sent to a replica. */
export interface BatchStarted {
  readonly work: Work;
  readonly batch: Batch;
  readonly replica: Replica;
  readonly sentAt: number;
  /** Predicted time, in ms. */
  readonly predictedMs: number;
  /** When its replica is expected to have run it. */
  readonly expectedAt: number;
  /** The replica was idle: no other batch runs before it. */
  readonly runsAtOnce: boolean;
}

/** A batch that has ended. */
export interface BatchEnded extends BatchStarted {
  readonly outcome: Outcome;
  /** Members without a proper answer, though the batch as a whole succeeded. */
  readonly refusedMembers: number;
  readonly endedAt: number;
}

/** What the dispatcher needs to know of its version. */
export interface DispatchedVersion {
  /** Number of replicas that should run. */
  readonly wanted: () => number;
  /** Every batch must return as many rows in its outputs as in its inputs. */
  readonly isRowwise: () => boolean;
}

/** The parts that a dispatcher matches. */
export interface DispatcherParts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly balancer: Balancer;
  /** Asked in order: the first that has work goes first. */
  readonly sources: readonly WorkSource[];
  readonly version: DispatchedVersion;
}

/** The facts of one look at the waiting work. Eligible replicas are computed on demand: mostly nothing waits. */
class Facts implements DispatchFacts {
  readonly now: number;
  readonly isTurnEnding: boolean;
  readonly all: readonly ReplicaView[];
  readonly free: readonly ReplicaView[];
  readonly #version: DispatchedVersion;
  #eligible: readonly ReplicaView[] | undefined;

  constructor(
    { clock, roster, version }: DispatcherParts,
    free: readonly ReplicaView[],
    isTurnEnding: boolean,
  ) {
    this.now = clock.now();
    this.isTurnEnding = isTurnEnding;
    this.all = roster.views();
    this.free = free;
    this.#version = version;
  }

  get wanted(): number {
    return this.#version.wanted();
  }

  get eligible(): readonly ReplicaView[] {
    this.#eligible ??= eligible(this);
    return this.#eligible;
  }
}

/** Refusals that say something about the replica; others are mistakes of callers, or come from models that it has called. */
const EVIDENCE: ReadonlySet<Reason> = new Set(['MODEL_ERROR', 'BAD_OUTPUT', 'INTERNAL'] as const);

/** The loop that matches waiting work and free replicas. Every special case is a source or a policy. */
export class Dispatcher {
  readonly batchStarted = new Event<BatchStarted>();
  readonly batchEnded = new Event<BatchEnded>();
  readonly #parts: DispatcherParts;
  #batches = 0;
  #isPumping = false;
  #isWoken = false;
  #isTurnEndAsked = false;
  #alarm: Timer | undefined;
  #alarmDueMs = Number.POSITIVE_INFINITY;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Call this whenever work or capacity may have arrived. */
  wake(): void {
    this.#pump(false);
  }

  stop(): void {
    this.#alarm?.cancel();
  }

  #pump(isTurnEnding: boolean): void {
    this.#isWoken = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#isWoken) {
        this.#isWoken = false;
        while (this.#dispatchOne(isTurnEnding));
      }
    } finally {
      this.#isPumping = false;
    }
  }

  #dispatchOne(isTurnEnding: boolean): boolean {
    const free = this.#parts.roster.free();
    if (free.length === 0) return false;
    const facts = new Facts(this.#parts, free, isTurnEnding);
    for (const source of this.#parts.sources) {
      const offer = source.peek(facts);
      if (offer === undefined) continue;
      if (offer.kind === 'wait') {
        this.#lookAgain(offer);
        continue;
      }
      const replica = this.#pick(offer, facts);
      if (replica === undefined) continue;
      const work = offer.take(replica);
      if (work !== undefined) this.#run(work, replica, offer.isAlone);
      return true;
    }
    return false;
  }

  /** A strategy that throws must not keep work waiting: then the first eligible replica is used. */
  #pick(offer: WorkOffer, facts: DispatchFacts): ReplicaView | undefined {
    try {
      return this.#parts.balancer.pick(offer, facts);
    } catch (error) {
      reportMistake('the pick of a replica', error);
      return facts.eligible.find(({ running }) => running === 0);
    }
  }

  #run(work: Work, view: ReplicaView, isAlone: boolean): void {
    const now = this.#parts.clock.now();
    const predictedMs = view.service.predictMs(work.rows, work.lane);
    const runsAtOnce = view.running === 0;
    const lease = this.#parts.roster.lease(view.id, { now, forMs: predictedMs, isAlone });
    const { replica } = lease;
    const isMeasured = work.reason === 'warmup';
    const isCheck = work.reason === 'probe';
    const isRowwise = this.#parts.version.isRowwise();
    const { members, rows } = work;
    const batch: Batch = { id: this.#nextBatchId(), members, rows, isMeasured, isCheck, isRowwise };
    const expectedAt = view.busyUntil;
    const started = { work, batch, replica, sentAt: now, predictedMs, expectedAt, runsAtOnce };
    let refusedMembers = 0;
    work.started(replica, batch, predictedMs);
    this.batchStarted.emit(started);
    const sink: OutcomeSink = {
      part: (member, answer) => {
        if (isRefusal(answer) && EVIDENCE.has(answer.reason)) refusedMembers += 1;
        work.part(member, answer);
      },
      end: (outcome) => {
        // Nothing is sent before all effects of this end are applied.
        this.#isPumping = true;
        try {
          const endedAt = this.#parts.clock.now();
          lease.release(endedAt);
          work.settled(outcome);
          this.batchEnded.emit({ ...started, outcome, refusedMembers, endedAt });
        } finally {
          this.#isPumping = false;
          this.wake();
        }
      },
    };
    try {
      replica.start(batch, sink);
    } catch (error) {
      // It was not sent: its requests are answered, and the replica gets its credit back.
      reportMistake('the start of a batch', error);
      for (const index of members.keys()) sink.part(index, refuse('INTERNAL', 'internal error'));
      sink.end({ kind: 'done', computeMs: 0 });
    }
  }

  /** Wraps where the field of the wire format ends: no batch is outstanding while four billion others are sent. */
  #nextBatchId(): number {
    this.#batches = (this.#batches + 1) >>> 0;
    return this.#batches;
  }

  #lookAgain({ untilMs }: WorkLater): void {
    if (untilMs === 'end of turn') {
      if (this.#isTurnEndAsked) return;
      this.#isTurnEndAsked = true;
      this.#parts.clock.endOfTurn(() => {
        this.#isTurnEndAsked = false;
        this.#pump(true);
      });
    } else if (untilMs < this.#alarmDueMs) {
      this.#alarm?.cancel();
      this.#alarmDueMs = untilMs;
      this.#alarm = this.#parts.clock.at(untilMs, () => {
        this.#alarmDueMs = Number.POSITIVE_INFINITY;
        this.wake();
      });
    }
  }
}

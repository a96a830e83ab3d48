import type { Balancer } from '../../balancing/balancer.ts';
import { eligible } from '../../balancing/eligible.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { isRefusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { Replica } from '../../replica/replica.ts';
import type { ReplicaView, Roster } from '../../replica/roster.ts';
import type { Batch } from '../../work/batch.ts';
import type { Outcome, OutcomeSink } from '../../work/outcome.ts';
import type { DispatchFacts, Work, WorkLater, WorkOffer, WorkSource } from './work-source.ts';

/** A batch that has gone to a replica. */
export interface BatchStarted {
  readonly work: Work;
  readonly batch: Batch;
  readonly replica: Replica;
  readonly sentAt: number;
  /** How long it should take, in ms. */
  readonly predictedMs: number;
  /** The replica was idle: nothing runs before it. */
  readonly runsAtOnce: boolean;
}

/** A batch that has come back. */
export interface BatchEnded extends BatchStarted {
  readonly outcome: Outcome;
  /** Members that had no proper answer, though the batch as a whole ran. */
  readonly refusedMembers: number;
  readonly endedAt: number;
}

/** Who is eligible is found out when somebody asks: mostly nothing waits and nobody does. */
class Facts implements DispatchFacts {
  readonly now: number;
  readonly isTurnEnding: boolean;
  readonly all: readonly ReplicaView[];
  readonly free: readonly ReplicaView[];
  readonly #wanted: () => number;
  #eligible: readonly ReplicaView[] | undefined;

  constructor(
    now: number,
    isTurnEnding: boolean,
    all: readonly ReplicaView[],
    free: readonly ReplicaView[],
    wanted: () => number,
  ) {
    this.now = now;
    this.isTurnEnding = isTurnEnding;
    this.all = all;
    this.free = free;
    this.#wanted = wanted;
  }

  get wanted(): number {
    return this.#wanted();
  }

  get eligible(): readonly ReplicaView[] {
    this.#eligible ??= eligible(this);
    return this.#eligible;
  }
}

/** What the dispatcher must know of the version it serves. */
export interface DispatchedVersion {
  /** Replicas there should be. */
  readonly wanted: () => number;
  /** Every batch is to have as many rows in its outputs as went in. */
  readonly isRowwise: () => boolean;
}

/** The loop that brings waiting work and free replicas together. Every special case is a source or a policy. */
export class Dispatcher {
  readonly batchStarted = new Event<BatchStarted>();
  readonly batchEnded = new Event<BatchEnded>();
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #balancer: Balancer;
  readonly #sources: readonly WorkSource[];
  readonly #version: DispatchedVersion;
  #batches = 0;
  #isPumping = false;
  #isWoken = false;
  #isTurnEndAsked = false;
  #alarm: Timer | undefined;
  #alarmDueMs = Number.POSITIVE_INFINITY;

  /** `sources` are asked in their order: the first that has work goes first. */
  constructor(
    clock: Clock,
    roster: Roster,
    balancer: Balancer,
    sources: readonly WorkSource[],
    version: DispatchedVersion,
  ) {
    this.#clock = clock;
    this.#roster = roster;
    this.#balancer = balancer;
    this.#sources = sources;
    this.#version = version;
  }

  /** To be called whenever work or room for it may have come. */
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
    const free = this.#roster.free();
    if (free.length === 0) return false;
    const facts = new Facts(
      this.#clock.now(),
      isTurnEnding,
      this.#roster.views(),
      free,
      this.#version.wanted,
    );
    for (const source of this.#sources) {
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

  /** A strategy that fails is no reason to keep work waiting: any replica that may take it will do. */
  #pick(offer: WorkOffer, facts: DispatchFacts): ReplicaView | undefined {
    try {
      return this.#balancer.pick(offer, facts);
    } catch (error) {
      reportMistake('the pick of a replica', error);
      return facts.eligible.find(({ running }) => running === 0);
    }
  }

  #run(work: Work, view: ReplicaView, isAlone: boolean): void {
    const now = this.#clock.now();
    const predictedMs = view.service.predictMs(work.rows, work.lane);
    const runsAtOnce = view.running === 0;
    const lease = this.#roster.lease(view.id, { now, forMs: predictedMs, isAlone });
    const { replica } = lease;
    const isMeasured = work.reason === 'warmup';
    const isRowwise = this.#version.isRowwise();
    const { members, rows } = work;
    const batch: Batch = { id: this.#nextBatchId(), members, rows, isMeasured, isRowwise };
    const started = { work, batch, replica, sentAt: now, predictedMs, runsAtOnce };
    let refusedMembers = 0;
    work.started(replica, batch, predictedMs);
    this.batchStarted.emit(started);
    const sink: OutcomeSink = {
      part: (member, answer) => {
        // What a caller sends wrong says nothing of the replica.
        if (isRefusal(answer) && answer.reason !== 'INVALID_INPUT') refusedMembers += 1;
        work.part(member, answer);
      },
      end: (outcome) => {
        // Nothing goes out before all of what this end means has been seen.
        this.#isPumping = true;
        try {
          const endedAt = this.#clock.now();
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
      // It never left: its requests are answered, and the replica has its credit back.
      reportMistake('the start of a batch', error);
      for (const index of members.keys()) sink.part(index, refuse('INTERNAL', 'internal error'));
      sink.end({ kind: 'done', computeMs: 0 });
    }
  }

  /** Wraps where the wire's field ends: no batch lives as long as four billion others. */
  #nextBatchId(): number {
    this.#batches = (this.#batches + 1) >>> 0;
    return this.#batches;
  }

  #lookAgain({ untilMs }: WorkLater): void {
    if (untilMs === 'end of turn') {
      if (this.#isTurnEndAsked) return;
      this.#isTurnEndAsked = true;
      this.#clock.endOfTurn(() => {
        this.#isTurnEndAsked = false;
        this.#pump(true);
      });
    } else if (untilMs < this.#alarmDueMs) {
      this.#alarm?.cancel();
      this.#alarmDueMs = untilMs;
      this.#alarm = this.#clock.at(untilMs, () => {
        this.#alarmDueMs = Number.POSITIVE_INFINITY;
        this.wake();
      });
    }
  }
}

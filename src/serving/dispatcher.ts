import type { Balancer } from '../balancing/balancer.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { Event } from '../base/event.ts';
import type { Lease, Roster } from '../replica/roster.ts';
import type { Batch } from '../work/batch.ts';
import type { Outcome } from '../work/outcome.ts';
import type { Work, WorkLater, WorkSource } from './work-source.ts';

/** A batch that has come back. */
export interface BatchEnded {
  readonly work: Work;
  readonly outcome: Outcome;
  readonly sentAt: number;
  readonly endedAt: number;
}

/** The loop that brings waiting work and free replicas together. Every special case is a source or a policy. */
export class Dispatcher {
  readonly batchEnded = new Event<BatchEnded>();
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #balancer: Balancer;
  readonly #sources: readonly WorkSource[];
  #batches = 0;
  #isPumping = false;
  #isWoken = false;
  #isTurnEndAsked = false;
  #alarm: Timer | undefined;
  #alarmDueMs = Number.POSITIVE_INFINITY;

  /** `sources` are asked in their order: the first that has work goes first. */
  constructor(clock: Clock, roster: Roster, balancer: Balancer, sources: readonly WorkSource[]) {
    this.#clock = clock;
    this.#roster = roster;
    this.#balancer = balancer;
    this.#sources = sources;
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
    const facts = { now: this.#clock.now(), isTurnEnding, free };
    for (const source of this.#sources) {
      const offer = source.peek(facts);
      if (offer === undefined) continue;
      if (offer.kind === 'wait') {
        this.#lookAgain(offer);
        continue;
      }
      const replica = this.#balancer.pick(offer, free);
      if (replica === undefined) continue;
      this.#run(source.take(), this.#roster.lease(replica.id));
      return true;
    }
    return false;
  }

  #run(work: Work, lease: Lease): void {
    const batch: Batch = { id: this.#nextBatchId(), members: work.members, rows: work.rows };
    const sentAt = this.#clock.now();
    work.started(lease.replica, batch);
    lease.replica.start(batch, {
      part: (member, answer) => work.part(member, answer),
      end: (outcome) => {
        lease.release();
        work.settled(outcome);
        this.batchEnded.emit({ work, outcome, sentAt, endedAt: this.#clock.now() });
        this.wake();
      },
    });
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

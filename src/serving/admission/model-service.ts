import type { Clock } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { Answer } from '../../model/inference.ts';
import { Entry, type EntryOwner } from '../../work/entry.ts';
import type { Deadlines } from '../queue/deadlines.ts';
import type { RequestQueue } from '../queue/request-queue.ts';
import type { WaitLimit } from '../queue/wait-limit.ts';
import type { Recovery } from '../recovery/recovery.ts';
import type { AdmissionController } from './admission-controller.ts';
import { lateAt } from './late-refusals.ts';
import type { AdmissionTerms, RequestFacts } from './request-facts.ts';
import { SingleFlight } from './single-flight.ts';

/** An entry with its answer or refusal. */
export interface RequestSettled {
  readonly entry: Entry;
  readonly outcome: Answer | Refusal;
  readonly settledAt: number;
}

/** A request that was refused before it was queued. */
export interface TurnedAway {
  readonly entry: Entry;
  readonly refusal: Refusal;
}

/** Dependencies of a service. */
export interface ServiceParts {
  readonly queue: RequestQueue;
  readonly controller: AdmissionController;
  readonly recovery: Recovery;
  readonly deadlines: Deadlines;
  /** undefined where requests wait until their deadlines. */
  readonly waitLimit: WaitLimit | undefined;
  /** Whether requests wait for a first replica: then only their deadlines count, not the objective. */
  readonly isWaking: () => boolean;
  readonly wake: () => void;
}

/** Without an objective, each step of priority counts as this many ms; otherwise as the objective. */
const LEAD_MS = 1_000;
/** The path of a request through one version: admitted, queued, run, settled exactly once. */
export class ModelService implements EntryOwner {
  readonly requestSettled = new Event<RequestSettled>();
  /** A request was not admitted to the queue. */
  readonly turnedAway = new Event<TurnedAway>();
  /** A request waits with an equal one in progress. */
  readonly joined = new Event<Entry>();
  readonly #clock: Clock;
  readonly #terms: AdmissionTerms;
  readonly #parts: ServiceParts;
  readonly #flights = new SingleFlight();
  /** How long requests may have waited in their sockets, in ms. */
  #delayMs = 0;
  #admitted = 0;
  #unsettled = 0;

  constructor(clock: Clock, terms: AdmissionTerms, parts: ServiceParts) {
    this.#clock = clock;
    this.#terms = terms;
    this.#parts = parts;
  }

  /** Number of requests that are admitted and not settled. */
  get inFlight(): number {
    return this.#unsettled;
  }

  /** Admits a request or returns the refusal. `onSettled` is called once, never before this returns. */
  admit(
    facts: RequestFacts,
    onSettled: (outcome: Answer | Refusal) => void,
    isSuspect = false,
  ): Entry | Refusal {
    const tooLarge = this.whyTooLarge(facts.rows);
    if (tooLarge !== undefined) return tooLarge;
    const entry = this.#entry(facts, onSettled);
    if (isSuspect) this.#parts.recovery.isolate(entry);
    else if (!this.#flights.join(entry)) {
      const refusal = this.#enter(entry);
      if (refusal !== undefined) {
        this.#flights.ended(entry);
        this.turnedAway.emit({ entry, refusal });
        return refusal;
      }
    }
    this.#unsettled += 1;
    this.#parts.deadlines.add(entry);
    this.#parts.waitLimit?.add(entry);
    if (entry.leader === undefined) this.#parts.wake();
    else this.joined.emit(entry);
    return entry;
  }

  /** The server is behind by so many ms: the requests that arrive now have waited in their sockets. */
  delayed(ms: number): void {
    this.#delayMs = ms;
  }

  #enter(entry: Entry): Refusal | undefined {
    try {
      return this.#parts.controller.enter(entry);
    } catch (error) {
      reportMistake('admission', error);
      return refuse('INTERNAL', 'internal error');
    }
  }

  /** The refusal of a request of `rows` rows that can never be admitted; undefined when it can. */
  whyTooLarge(rows: number): Refusal | undefined {
    const { model, maxRows } = this.#terms;
    if (rows <= maxRows) return undefined;
    return refuse(
      'BATCH_TOO_LARGE',
      `inference request batch-size must be <= ${maxRows} for '${model}' (queue.maxRequestRows), got ${rows} rows: send several requests`,
    );
  }

  /** The client has disconnected: a waiting entry leaves the queue, a running one loses its answer. */
  cancel(entry: Entry): void {
    this.#leave(entry, refuse('CANCELLED', 'the client disconnected before the answer'));
  }

  /** For the deadline heap. */
  deadlinePassed(entry: Entry): void {
    const isRunning = (entry.leader ?? entry).dispatchedAt !== undefined;
    this.#leave(entry, lateAt(entry.deadline, entry.receivedAt, isRunning));
  }

  /** For the limit of waiting. */
  waitedTooLong(entry: Entry, refusal: Refusal): void {
    this.#leave(entry, refusal);
  }

  /** For the entry. */
  settled(entry: Entry, outcome: Answer | Refusal): void {
    this.#parts.deadlines.remove(entry);
    this.#parts.waitLimit?.remove(entry);
    this.#parts.recovery.settled(entry, outcome);
    this.#unsettled -= 1;
    if (entry.contentKey !== undefined) {
      for (const follower of this.#flights.ended(entry)) {
        follower.batchInfo = entry.batchInfo;
        follower.dispatchedAt = entry.dispatchedAt;
        follower.attempts = entry.attempts;
        follower.settle(outcome);
      }
    }
    this.requestSettled.emit({ entry, outcome, settledAt: this.#clock.now() });
  }

  /** Settles entries that the queue source has removed because they are too late for an efficient batch. */
  drop(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    // At the end of the turn: an entry may be in admission right now, and is never settled before its submitter holds it.
    this.#clock.endOfTurn(() => {
      for (const entry of entries) entry.settle(this.#parts.controller.tooLateNow(entry));
    });
  }

  /** Refuses all waiting requests. */
  refuseWaiting(refusal: Refusal): void {
    const { queue, recovery } = this.#parts;
    for (const entry of [...queue.takeAll(), ...recovery.takeAll()]) entry.settle(refusal);
  }

  /** Refuses waiting requests equal to a newly quarantined input. Only those of the same lane and size are compared. */
  refuseLike({ lane, rows, bytes }: Entry, isDenied: (entry: Entry) => boolean): void {
    const { queue, recovery } = this.#parts;
    const isAlike = (other: Entry) => other.lane === lane && other.rows === rows && other.bytes === bytes;
    for (const entry of [...queue.inLane(lane), ...recovery.waiting()]) {
      if (entry.isSettled || !isAlike(entry) || !isDenied(entry)) continue;
      queue.remove(entry);
      entry.settle(
        refuse(
          'DENIED_INPUT',
          'an equal input has ended replicas and is refused for health.isolation.denyMs',
        ),
      );
    }
  }

  #entry(facts: RequestFacts, onSettled: (outcome: Answer | Refusal) => void): Entry {
    const { timeoutMs, objectiveMs, isSingleFlight } = this.#terms;
    const receivedAt = this.#clock.now() - this.#delayMs;
    const deadline = receivedAt + (facts.timeoutMs ?? timeoutMs);
    const hasObjective = objectiveMs !== undefined && !this.#parts.isWaking();
    const dueBy = hasObjective ? Math.min(deadline, receivedAt + objectiveMs) : deadline;
    const priority = facts.priority ?? this.#terms.priority;
    // One that is less urgent than the others may be refused as they are.
    if (priority > this.#terms.priority) this.#parts.controller.openForGood();
    const rank = receivedAt - priority * (objectiveMs ?? LEAD_MS);
    // Field by field: an object spread here costs more than the rest of admission.
    const { request, lane, rows, bytes, tenant, isExplained } = facts;
    const contentKey = isSingleFlight ? facts.contentKey : undefined;
    const id = this.#admitted++;
    return new Entry(
      {
        id,
        request,
        lane,
        rows,
        bytes,
        receivedAt,
        deadline,
        dueBy,
        rank,
        priority,
        tenant,
        contentKey,
        isExplained,
      },
      this,
      onSettled,
    );
  }

  #leave(entry: Entry, refusal: Refusal): void {
    if (entry.isSettled) return;
    const { queue } = this.#parts;
    const { running, isQueued } = entry;
    const successor = entry.contentKey === undefined ? undefined : this.#flights.left(entry);
    queue.remove(entry);
    entry.hasLeft = true;
    entry.settle(refusal);
    if (successor === undefined) running?.cancel(entry);
    else if (running !== undefined) running.replace(entry, successor);
    else {
      // It waited in the queue or for a retry; its successor takes over its history.
      successor.inherit(entry);
      // A suspect never shares a batch, whichever request leads.
      const { recovery, wake } = this.#parts;
      if (isQueued) queue.add(successor);
      else if (entry.hasSetbacks) recovery.isolate(successor);
      // Not the queue, in which others may have the room by now.
      else recovery.runAgain(successor);
      if (!isQueued) wake();
    }
  }
}

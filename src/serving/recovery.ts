import type { Clock } from '../base/clock.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import { halves, mayBisect } from '../batching/bisect.ts';
import { convicts, isSuspicious } from '../health/conviction.ts';
import { maxRetries, type RetryBudget } from '../health/retry-budget.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { Roster } from '../replica/roster.ts';
import type { Entry } from '../work/entry.ts';
import type { Lost, Outcome } from '../work/outcome.ts';
import { BisectSource } from './bisect-source.ts';
import { IsolationSource } from './isolation-source.ts';
import type { RequestWork } from './request-work.ts';
import { RetrySource } from './retry-source.ts';
import { ThrowRecord } from './throw-record.ts';
import type { RecoverySource } from './work-source.ts';

/** An input that ended replicas, beyond doubt. */
export interface Convicted {
  readonly entry: Entry;
  readonly replica: ReplicaId;
  readonly detail: string;
}

/** A batch whose members get a second chance, and in which way. */
export interface Recovered {
  readonly how: 'isolate' | 'bisect' | 'retry' | 'ask another';
  readonly requests: number;
  readonly replica: ReplicaId;
  readonly detail: string;
}

/** What recovery needs of the world. */
export interface RecoveryPorts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly budget: RetryBudget;
  /** Requests admitted and not yet answered. */
  readonly inFlight: () => number;
  /** Why nothing can be tried again; undefined when it can. */
  readonly whyNot: () => Refusal | undefined;
  readonly wake: () => void;
}

/** Whoever was running at so many ends runs alone from then on, though nothing is proved against it. */
const LOSSES_TO_ISOLATE = 2;
/** And after so many it has had its chances: no input may end replicas for as long as it likes. */
const MAX_LOSSES = 3;

/**
 * Second chances. A batch lost with its replica runs again; what may have ended the replica runs alone; a batch that
 * threw is halved; a bad answer is checked with another replica. Everything else is answered here.
 */
export class Recovery {
  readonly convicted = new Event<Convicted>();
  readonly recovered = new Event<Recovered>();
  /** Two replicas failed alike at a request, or no other could be asked: nothing is held against this one. */
  readonly exonerated = new Event<ReplicaId>();
  /** Another replica could have been asked, but too many second tries were under way. */
  readonly budgetExhausted = new Event<ReplicaId>();
  readonly sources: readonly RecoverySource[];
  readonly #ports: RecoveryPorts;
  readonly #retries: RetrySource;
  readonly #isolation: IsolationSource;
  readonly #bisect: BisectSource;
  #retriesRunning = 0;
  readonly #throws = new ThrowRecord();

  constructor(ports: RecoveryPorts) {
    this.#ports = ports;
    this.#retries = new RetrySource(this);
    this.#isolation = new IsolationSource(ports.roster, this);
    this.#bisect = new BisectSource(this);
    this.sources = [this.#isolation, this.#bisect, this.#retries];
  }

  /** Requests that are to run alone and still wait for it. */
  get suspects(): number {
    return this.#isolation.waiting;
  }

  /** Whether the budget leaves room for one more batch to run a second time. */
  get mayRetryNow(): boolean {
    return this.#retriesRunning < this.#maxRetries;
  }

  /** It takes the place of one that may have ended a replica. */
  isolate(entry: Entry): void {
    this.#isolation.add([entry]);
  }

  /** Share of rows that throw whatever batch they are in. */
  badShare(now: number): number {
    return this.#throws.badShare(now);
  }

  wake(): void {
    this.#ports.wake();
  }

  /** The replica gets nothing more. */
  leave(replica: ReplicaId): void {
    this.#isolation.leave(replica);
  }

  /** For the work. */
  started(work: RequestWork): void {
    this.#throws.started(work, this.#ports.clock.now());
    if (work.reason === 'retry') this.#retriesRunning += 1;
  }

  /** For the work: what has become of it, who has no answer, and whose answer must not go out. */
  ended(
    work: RequestWork,
    outcome: Outcome,
    unanswered: readonly Entry[],
    bad: ReadonlyMap<Entry, Refusal> | undefined,
  ): void {
    if (work.reason === 'retry') this.#retriesRunning -= 1;
    const [first] = work.members;
    if (work.reason === 'isolation' && first !== undefined) this.#isolation.ended(first);
    this.#throws.ended(work, outcome, this.#ports.clock.now());
    if (unanswered.length === 0) return;
    const replica = work.replica?.id ?? '';
    for (const member of unanswered) member.dispatchedAt = undefined;
    if (outcome.kind === 'lost') this.#onLost(work, outcome, unanswered, replica);
    else if (outcome.kind === 'threw') this.#onThrew(outcome.message, unanswered, replica);
    else this.#onBadAnswers(unanswered, bad, replica);
  }

  /** Everything that waits for another try; nothing does afterwards. */
  takeAll(): Entry[] {
    return this.sources.flatMap((source) => source.takeAll());
  }

  #onLost({ reason }: RequestWork, lost: Lost, members: readonly Entry[], replica: ReplicaId): void {
    const isSuspect = lost.wasRunning && isSuspicious(lost.cause);
    const [alone] = members;
    if (isSuspect && reason === 'isolation' && alone !== undefined) {
      const tooLong = `it ran too long twice, the second time alone: ${lost.detail}`;
      if (convicts(lost.cause)) this.#convict(alone, replica, lost.detail);
      // Slowness proves nothing against an input, but a third try would only end a third replica.
      else alone.settle(refuse('DEADLINE_RUNNING', tooLong));
      return;
    }
    const refusal = this.#ports.whyNot();
    if (refusal !== undefined) {
      for (const member of members) member.settle(refusal);
      return;
    }
    if (lost.wasRunning) for (const member of members) member.losses += 1;
    const inTime = members.filter((member) => this.#hasChance(member, lost.detail));
    if (inTime.length === 0) return;
    const hasHistory = inTime.some(({ losses }) => losses >= LOSSES_TO_ISOLATE);
    const how = isSuspect || hasHistory || reason === 'isolation' ? 'isolate' : 'retry';
    if (how === 'isolate') this.#isolation.add(inTime);
    else this.#retries.add(inTime);
    this.recovered.emit({ how, requests: inTime.length, replica, detail: lost.detail });
  }

  /** Who cannot be answered in time any more, or has had enough tries, is told so now. */
  #hasChance(member: Entry, detail: string): boolean {
    if (member.losses >= MAX_LOSSES) {
      member.settle(refuse('REPLICA_LOST', `${member.losses} replicas ended while they ran this: ${detail}`));
      return false;
    }
    const timesMs = this.#ports.roster
      .views()
      .map(({ service }) => service.predictMs(member.rows, member.lane));
    const neededMs = timesMs.length === 0 ? 0 : Math.min(...timesMs);
    if (member.deadline - this.#ports.clock.now() > neededMs) return true;
    member.settle(
      refuse(
        'REPLICA_LOST',
        `the replica that ran this was lost (${detail}), and no time is left to try again`,
      ),
    );
    return false;
  }

  #convict(entry: Entry, replica: ReplicaId, detail: string): void {
    this.convicted.emit({ entry, replica, detail });
    entry.settle(
      refuse(
        'POISON_INPUT',
        `this input ended two replicas, the second time alone: ${detail}; it will be refused for a while`,
      ),
    );
  }

  #onThrew(message: string, members: readonly Entry[], replica: ReplicaId): void {
    const refusal = refuse('MODEL_ERROR', `the model failed: ${message}`);
    if (members.length === 1) {
      this.#askAnother(members, () => refusal, replica);
    } else if (mayBisect(this.#throws.facts(this.#ports.clock.now()))) {
      // Elsewhere: if it is the replica that is broken, they are answered there.
      for (const member of members) member.failedAt ??= replica;
      this.#bisect.add(halves(members), replica);
      this.recovered.emit({ how: 'bisect', requests: members.length, replica, detail: message });
    } else {
      for (const member of members) member.settle(refusal);
    }
  }

  #onBadAnswers(
    members: readonly Entry[],
    bad: ReadonlyMap<Entry, Refusal> | undefined,
    replica: ReplicaId,
  ): void {
    const none = refuse('INTERNAL', 'the replica ended the batch without an answer to this request');
    for (const member of members) if (bad?.has(member) !== true) member.settle(none);
    this.#askAnother(
      members.filter((member) => bad?.has(member)),
      (member) => bad?.get(member) ?? none,
      replica,
    );
  }

  /** A second opinion for all of them together, if there is anybody to ask and the budget allows. */
  #askAnother(members: readonly Entry[], refusalOf: (member: Entry) => Refusal, replica: ReplicaId): void {
    const isSecond = ({ failedAt }: Entry) => failedAt !== undefined && failedAt !== replica;
    for (const member of members.filter(isSecond)) {
      if (member.failedAt !== undefined) this.exonerated.emit(member.failedAt);
      this.exonerated.emit(replica);
      member.settle(refusalOf(member));
    }
    const first = members.filter((member) => !member.isSettled);
    const [one] = first;
    if (one === undefined) return;
    const serving = this.#ports.roster.views().filter(({ standing }) => standing !== undefined);
    const isAnyoneElse = serving.some(({ id, standing }) => id !== replica && standing !== 'ejected');
    const hasBudget = this.#retries.waiting < this.#maxRetries;
    if (!isAnyoneElse || !hasBudget || this.#ports.whyNot() !== undefined) {
      if (isAnyoneElse && !hasBudget) this.budgetExhausted.emit(replica);
      // Without a second opinion nothing is held against the replica: bad inputs must not take it out.
      this.exonerated.emit(replica);
      for (const member of first) member.settle(refusalOf(member));
      return;
    }
    for (const member of first) member.failedAt = replica;
    this.#retries.add(first, replica);
    const detail = refusalOf(one).message;
    this.recovered.emit({ how: 'ask another', requests: first.length, replica, detail });
  }

  get #maxRetries(): number {
    return maxRetries(this.#ports.budget, this.#ports.inFlight());
  }
}

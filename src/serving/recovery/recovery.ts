import type { Clock } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { halves, mayBisect } from '../../batching/bisect.ts';
import { maxRetries, type RetryBudget } from '../../health/retry-budget.ts';
import type { Answer } from '../../model/inference.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import type { Outcome } from '../../work/outcome.ts';
import type { RequestWork, RequestWorkOwner } from '../dispatch/request-work.ts';
import type { RecoverySource } from '../dispatch/work-source.ts';
import { BisectSource } from './bisect-source.ts';
import { IsolationSource } from './isolation-source.ts';
import { Losses, type Recovered } from './losses.ts';
import type { Quarantine } from './quarantine.ts';
import { RetrySource } from './retry-source.ts';
import { ThrowRecord } from './throw-record.ts';

/** What recovery needs of the world. */
export interface RecoveryPorts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly budget: RetryBudget;
  readonly quarantine: Quarantine;
  /** No setting ends batches that run alone before their callers' time has passed. */
  readonly mayTakeItsTime: boolean;
  /** Whether a request holds what is on the list of inputs that are refused. */
  readonly isDenied: (entry: Entry) => boolean;
  /** Requests admitted and not yet answered. */
  readonly inFlight: () => number;
  /** Why nothing can be tried again; undefined when it can. */
  readonly whyNot: () => Refusal | undefined;
  readonly wake: () => void;
}

/**
 * Second chances. A batch lost with its replica runs again; what may have ended the replica runs alone; a batch that
 * threw is halved; a bad answer is checked with another replica. Everything else is answered here.
 */
export class Recovery implements RequestWorkOwner {
  readonly losses: Losses;
  readonly recovered = new Event<Recovered>();
  /** Two replicas failed alike at a request, or no other could be asked: nothing is held against this one. */
  readonly cleared = new Event<ReplicaId>();
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
    this.#retries = new RetrySource(this, () => this.#mayRetryNow);
    this.#isolation = new IsolationSource(ports.roster, this, ports.wake);
    this.#bisect = new BisectSource(this);
    this.sources = [this.#isolation, this.#bisect, this.#retries];
    this.losses = new Losses(ports, {
      isolate: (members) => this.#isolation.add(members),
      mustMakeWay: (suspect) => this.#ports.mayTakeItsTime && this.#isolation.mustMakeWay(suspect),
      retry: (members) => this.#retries.add(members),
      recovered: (it) => this.recovered.emit(it),
    });
  }

  /** Requests that are to run alone and still wait for it. */
  get suspects(): number {
    return this.#isolation.waiting;
  }

  /** It takes the place of one that may have ended a replica. */
  isolate(entry: Entry): void {
    this.#isolation.add([entry]);
  }

  /** Whether a suspect that runs alone should take no longer than usual, because others wait for the same. */
  mustMakeWay(suspect: Entry): boolean {
    return this.#isolation.mustMakeWay(suspect);
  }

  /** Share of rows that throw whatever batch they are in. */
  badShare(now: number): number {
    return this.#throws.badShare(now);
  }

  /** The replica gets nothing more. */
  leave(replica: ReplicaId): void {
    this.#isolation.leave(replica);
  }

  /** A request has its answer, or its refusal. */
  settled(entry: Entry, outcome: Answer | Refusal): void {
    this.#ports.quarantine.settled(entry, outcome);
  }

  /** For the work. */
  started(work: RequestWork): void {
    this.#ports.quarantine.started(work);
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
    this.#ports.quarantine.ended(work, outcome);
    const replica = work.replica?.id ?? '';
    for (const member of unanswered) member.dispatchedAt = undefined;
    // Also where nobody waits for an answer any more: what has ended the replica would come again.
    if (outcome.kind === 'lost') this.losses.ended(work, outcome, unanswered);
    if (outcome.kind === 'lost' || unanswered.length === 0) return;
    if (outcome.kind === 'threw') this.#onThrew(outcome.message, unanswered, replica);
    else this.#onBadAnswers(unanswered, bad, replica);
  }

  /** Everything that waits for another try. */
  waiting(): Entry[] {
    return this.sources.flatMap((source) => source.list());
  }

  /** Everything that waits for another try; nothing does afterwards. */
  takeAll(): Entry[] {
    return this.sources.flatMap((source) => source.takeAll());
  }

  #onThrew(message: string, members: readonly Entry[], replica: ReplicaId): void {
    const refusal = refuse('MODEL_ERROR', `the model failed: ${message}`);
    if (members.length === 1) {
      this.#askAnother(members, () => refusal, replica);
    } else if (mayBisect(this.#throws.facts(this.#ports.clock.now()))) {
      // Elsewhere: if it is the replica that is broken, they are answered there.
      for (const member of members) failedAt(member, replica);
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
    const isSecond = ({ failedAt: first, alsoFailedAt }: Entry) =>
      first !== undefined && (first !== replica || alsoFailedAt !== undefined);
    for (const member of members.filter(isSecond)) {
      if (member.failedAt !== undefined) this.cleared.emit(member.failedAt);
      this.cleared.emit(replica);
      member.settle(refusalOf(member));
    }
    const first = members.filter((member) => !member.isSettled);
    const [one] = first;
    if (one === undefined) return;
    const serving = this.#ports.roster.views().filter(({ healthStatus }) => healthStatus !== undefined);
    const isAnyoneElse = serving.some(({ id, healthStatus }) => id !== replica && healthStatus !== 'ejected');
    const hasBudget = this.#retries.waiting < this.#maxRetries;
    if (!isAnyoneElse || !hasBudget || this.#ports.whyNot() !== undefined) {
      if (isAnyoneElse && !hasBudget) this.budgetExhausted.emit(replica);
      // Without a second opinion nothing is held against the replica: bad inputs must not take it out.
      this.cleared.emit(replica);
      for (const member of first) member.settle(refusalOf(member));
      return;
    }
    for (const member of first) member.failedAt = replica;
    this.#retries.add(first, replica);
    const detail = refusalOf(one).message;
    this.recovered.emit({ how: 'ask another', requests: first.length, replica, detail });
  }

  /** Whether the budget leaves room for one more batch to run a second time. */
  get #mayRetryNow(): boolean {
    return this.#retriesRunning < this.#maxRetries;
  }

  get #maxRetries(): number {
    return maxRetries(this.#ports.budget, this.#ports.inFlight());
  }
}

/** A batch with it has failed there. */
function failedAt(member: Entry, replica: ReplicaId): void {
  if (member.failedAt === undefined) member.failedAt = replica;
  else if (member.failedAt !== replica) member.alsoFailedAt ??= replica;
}

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

/** Dependencies of {@link Recovery}. */
export interface RecoveryPorts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly budget: RetryBudget;
  readonly quarantine: Quarantine;
  /** Whether no setting ends isolated batches before their callers' timeouts. */
  readonly mayTakeItsTime: boolean;
  /** Whether the content of a request is on the list of denied inputs. */
  readonly isDenied: (entry: Entry) => boolean;
  /** Number of requests admitted and not yet settled. */
  readonly inFlight: () => number;
  /** Why no request can be retried; undefined when they can. */
  readonly whyNot: () => Refusal | undefined;
  readonly wake: () => void;
}

/**
 * Recovers failed batches. A batch lost with its replica is retried; suspects of having ended a replica are isolated;
 * a batch that threw is bisected; a bad answer is checked on another replica. All other members are refused here.
 */
export class Recovery implements RequestWorkOwner {
  readonly losses: Losses;
  readonly recovered = new Event<Recovered>();
  /** Two replicas failed on one request, or no other could be asked: the failure does not count. */
  readonly cleared = new Event<ReplicaId>();
  /** Another replica could have been asked, but the retry budget was exhausted. */
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

  /** Number of suspects that wait to run alone. */
  get suspects(): number {
    return this.#isolation.waiting;
  }

  /** Lets an entry run ahead of new work. */
  runAgain(entry: Entry): void {
    this.#retries.add([entry]);
  }

  /** Queues a request as a suspect. */
  isolate(entry: Entry): void {
    this.#isolation.add([entry]);
  }

  /** Whether a suspect that runs alone is limited to the usual time because other suspects wait. */
  mustMakeWay(suspect: Entry): boolean {
    return this.#isolation.mustMakeWay(suspect);
  }

  /** Share of rows that throw in any batch. */
  badShare(now: number): number {
    return this.#throws.badShare(now);
  }

  /** The replica gets no more work. */
  withdraw(replica: ReplicaId): void {
    this.#isolation.withdraw(replica);
  }

  /** A request was answered or refused. */
  settled(entry: Entry, outcome: Answer | Refusal): void {
    this.#ports.quarantine.settled(entry, outcome);
  }

  /** Called by the work. */
  started(work: RequestWork): void {
    this.#ports.quarantine.started(work);
    this.#throws.started(work, this.#ports.clock.now());
    if (work.reason === 'retry') this.#retriesRunning += 1;
  }

  /** Called by the work with its outcome, the members without an answer, and the refusals of bad answers. */
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
    // Also when no member waits for an answer any more: an input that ended the replica may be sent again.
    if (outcome.kind === 'lost') this.losses.ended(work, outcome, unanswered);
    if (outcome.kind === 'lost' || unanswered.length === 0) return;
    if (outcome.kind === 'threw') this.#onThrew(outcome.message, unanswered, replica);
    else this.#onBadAnswers(unanswered, bad, replica);
  }

  /** All requests that wait for another run. */
  waiting(): Entry[] {
    return this.sources.flatMap((source) => source.list());
  }

  /** Removes and returns all requests that wait for another run. */
  takeAll(): Entry[] {
    return this.sources.flatMap((source) => source.takeAll());
  }

  #onThrew(message: string, members: readonly Entry[], replica: ReplicaId): void {
    const refusal = refuse('MODEL_ERROR', `the model failed: ${message}`);
    if (members.length === 1) {
      this.#askAnother(members, () => refusal, replica);
    } else if (mayBisect(this.#throws.facts(this.#ports.clock.now()))) {
      // The parts prefer other replicas, which answer them if this replica is the fault.
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

  /** Runs the members as one batch on another replica, if there is one and the retry budget allows. */
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
    const hasOther = serving.some(({ id, healthStatus }) => id !== replica && healthStatus !== 'ejected');
    const hasBudget = this.#retries.waiting < this.#maxRetries;
    if (!hasOther || !hasBudget || this.#ports.whyNot() !== undefined) {
      if (hasOther && !hasBudget) this.budgetExhausted.emit(replica);
      // Without a run on another replica the failure does not count: bad inputs must not eject the replica.
      this.cleared.emit(replica);
      for (const member of first) member.settle(refusalOf(member));
      return;
    }
    for (const member of first) member.failedAt = replica;
    this.#retries.add(first, replica);
    const detail = refusalOf(one).message;
    this.recovered.emit({ how: 'ask another', requests: first.length, replica, detail });
  }

  /** Whether the budget allows one more retry now. */
  get #mayRetryNow(): boolean {
    return this.#retriesRunning < this.#maxRetries;
  }

  get #maxRetries(): number {
    return maxRetries(this.#ports.budget, this.#ports.inFlight());
  }
}

/** Records that a batch with this member failed on the replica. */
function failedAt(member: Entry, replica: ReplicaId): void {
  if (member.failedAt === undefined) member.failedAt = replica;
  else if (member.failedAt !== replica) member.alsoFailedAt ??= replica;
}

import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Reason, type Refusal } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { evidenceOf, provesInput } from '../../health/quarantine-policy.ts';
import type { Answer } from '../../model/inference.ts';
import type { Exit } from '../../replica/exit.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Entry } from '../../work/entry.ts';
import type { Lost, Outcome } from '../../work/outcome.ts';
import type { RequestWork } from '../dispatch/request-work.ts';
import { InputList, type ListBounds } from './input-list.ts';

/** The result of retrying all requests of a batch that may have ended a process. */
export interface TrialResult {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  /** Every member of the batch has passed since: the model caused the exit, not an input. */
  readonly isTheModels: boolean;
}

/** The exit of one process and the suspects that have not been retried yet. */
interface Case {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly open: Set<Entry>;
  /** A suspect was quarantined, or its caller left before it was retried. */
  isUncleared: boolean;
}

/** Refusals of requests whose run completed. */
const RAN_TO_ITS_END: ReadonlySet<Reason> = new Set(['MODEL_ERROR', 'BAD_OUTPUT', 'INVALID_INPUT'] as const);
/** For so long after a kill from outside, further kills may come from outside too. */
const OUTSIDE_MS = 60_000;

/**
 * Tracks which requests are suspected of having ended which process. A process that a batch may have ended counts as no
 * failure until all members have been retried: a quarantined input must not count against the model. A suspect whose
 * caller has left is remembered by content and runs alone when it is sent again.
 */
export class Quarantine {
  readonly tried = new Event<TrialResult>();
  /** Inputs that are refused. */
  readonly denied: InputList;
  /** Inputs that run alone when they are sent again. */
  readonly suspects: InputList;
  readonly #clock: Clock;
  readonly #running = new Map<number, RequestWork>();
  readonly #cases = new Map<Entry, Set<Case>>();
  #killedOutsideAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, bounds: ListBounds) {
    this.#clock = clock;
    this.denied = new InputList(clock, bounds);
    this.suspects = new InputList(clock, bounds);
  }

  started(work: RequestWork): void {
    this.#running.set(work.batchId, work);
  }

  ended(work: RequestWork, outcome: Outcome): void {
    this.#running.delete(work.batchId);
    if (work.reason !== 'isolation' || outcome.kind === 'lost') return;
    for (const { request } of work.members) this.suspects.remove(request);
  }

  /** After an unexpected exit: whether its requests must be retried before the exit may count as a failure. */
  isOnTrial({ batch, cause }: Exit): boolean {
    const isCallers = batch !== undefined && this.#running.has(batch);
    if (!isCallers && cause === 'killed') this.#killedOutsideAt = this.#clock.now();
    const evidence = evidenceOf(cause);
    return isCallers && (evidence === 'proof' || evidence === 'slow');
  }

  /** Whether the only member of a lost batch is proved to have ended the process. */
  isProven(work: RequestWork, { cause }: Lost): boolean {
    const [alone, ...others] = work.current();
    if (alone === undefined || others.length > 0) return false;
    const evidence = evidenceOf(cause);
    const isIsolated = work.reason === 'isolation';
    if (isIsolated && evidence === 'unclear') alone.setbacks.unclearAlone += 1;
    const now = this.#clock.now();
    return provesInput({
      ...{ evidence, isIsolated },
      // Compensates for the different rounding of sums and differences.
      ranMs: now - work.sentAt + 0.001,
      timeoutMs: alone.deadline - alone.receivedAt,
      unclearEndsAlone: alone.setbacks.unclearAlone,
      isKilledFromOutside: now - this.#killedOutsideAt < OUTSIDE_MS,
    });
  }

  /** Refuses requests of equal content until the deny list forgets them. */
  deny({ request }: Entry): void {
    this.denied.add(request);
    this.suspects.remove(request);
  }

  /** Marks the members of a batch that was lost with its replica as suspects. */
  markSuspects(work: RequestWork, lost: Lost): void {
    const evidence = evidenceOf(lost.cause);
    if (evidence === 'nothing') return;
    const { replica } = work;
    const open = new Set<Entry>();
    for (const member of work.current()) {
      if (!member.isSettled) open.add(member);
      else if (member.hasLeft) this.suspects.add(member.request);
    }
    if (replica === undefined || evidence === 'unclear') return;
    const hasGone = work.current().some(({ hasLeft }) => hasLeft);
    const { id, incarnation } = replica;
    const it: Case = { replica: id, incarnation, open, isUncleared: hasGone };
    for (const member of open) this.#casesOf(member).add(it);
    this.#closeIfTried(it);
  }

  /** A request was answered or refused. */
  settled(entry: Entry, outcome: Answer | Refusal): void {
    if (this.#cases.size === 0) return;
    const cases = this.#cases.get(entry);
    if (cases === undefined) return;
    this.#cases.delete(entry);
    const isCleared = !isRefusal(outcome) || RAN_TO_ITS_END.has(outcome.reason);
    for (const it of cases) {
      it.open.delete(entry);
      it.isUncleared ||= !isCleared;
      this.#closeIfTried(it);
    }
  }

  #casesOf(entry: Entry): Set<Case> {
    const cases = this.#cases.get(entry) ?? new Set();
    this.#cases.set(entry, cases);
    return cases;
  }

  #closeIfTried({ open, isUncleared, replica, incarnation }: Case): void {
    if (open.size === 0) this.tried.emit({ replica, incarnation, isTheModels: !isUncleared });
  }
}

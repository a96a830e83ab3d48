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

/** What came of looking for the input that ended a life of a replica. */
export interface TrialResult {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  /** Every member of its batch has run to an end since: it was the model, and no input. */
  readonly isTheModels: boolean;
}

/** The end of one life, and who is still to be tried for it. */
interface Case {
  readonly replica: ReplicaId;
  readonly incarnation: number;
  readonly open: Set<Entry>;
  /** One was quarantined, or left before it was tried. */
  isUncleared: boolean;
}

/** Refusals of requests that ran to an end all the same. */
const RAN_TO_ITS_END: ReadonlySet<Reason> = new Set(['MODEL_ERROR', 'BAD_OUTPUT', 'INVALID_INPUT'] as const);
/** An end from outside says for so long that others may come from there too. */
const OUTSIDE_MS = 60_000;

/**
 * Who is suspected of having ended which replica. A life that a batch may have ended counts for nothing until all its
 * members have been tried: an input that is quarantined must cost the model nothing, and one whose caller has gone is
 * remembered by what it holds, and runs alone when it comes again.
 */
export class Quarantine {
  readonly tried = new Event<TrialResult>();
  /** Inputs that are refused. */
  readonly denied: InputList;
  /** Inputs that are to run alone when they come. */
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

  /** A life has ended unexpectedly. Whether what it was running is to be tried before the life may count. */
  isOnTrial({ batch, cause }: Exit): boolean {
    const isCallers = batch !== undefined && this.#running.has(batch);
    if (!isCallers && cause === 'killed') this.#killedOutsideAt = this.#clock.now();
    const evidence = evidenceOf(cause);
    return isCallers && (evidence === 'proof' || evidence === 'slow');
  }

  /** Whether the one member of a lost batch is guilty beyond doubt. */
  isGuilty(work: RequestWork, { cause }: Lost): boolean {
    const [alone, ...others] = work.current();
    if (alone === undefined || others.length > 0) return false;
    const evidence = evidenceOf(cause);
    const isIsolated = work.reason === 'isolation';
    if (isIsolated && evidence === 'unclear') alone.setbacks.unclearAlone += 1;
    const now = this.#clock.now();
    return provesInput({
      ...{ evidence, isIsolated },
      // A sum and a difference are rounded differently.
      ranMs: now - work.sentAt + 0.001,
      timeoutMs: alone.deadline - alone.receivedAt,
      unclearEndsAlone: alone.setbacks.unclearAlone,
      isKilledFromOutside: now - this.#killedOutsideAt < OUTSIDE_MS,
    });
  }

  /** From now on what holds the same is refused. */
  deny({ request }: Entry): void {
    this.denied.add(request);
    this.suspects.remove(request);
  }

  /** Opens a case about a batch that was lost with its replica. */
  accuse(work: RequestWork, lost: Lost): void {
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

  /** A request has its answer, or its refusal. */
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

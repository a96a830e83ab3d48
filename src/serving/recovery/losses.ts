import type { Clock } from '../../base/clock.ts';
import { type Refusal, refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { evidenceOf } from '../../health/quarantine-policy.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Roster } from '../../replica/roster.ts';
import type { Entry } from '../../work/entry.ts';
import type { Lost } from '../../work/outcome.ts';
import type { RequestWork } from '../dispatch/request-work.ts';
import type { Quarantine } from './quarantine.ts';

/** An input that ended replicas, beyond doubt. */
export interface Quarantined {
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

/** What is decided by. */
export interface LossPorts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly quarantine: Quarantine;
  /** Whether a request holds what is on the list of inputs that are refused. */
  readonly isDenied: (entry: Entry) => boolean;
  /** Why nothing can be tried again; undefined when it can. */
  readonly whyNot: () => Refusal | undefined;
}

/** Ways for a request to run again. */
export interface LossWays {
  isolate(members: readonly Entry[]): void;
  retry(members: readonly Entry[]): void;
  /** Whether a suspect that ran alone was ended only because others wait for the same. */
  mustMakeWay(suspect: Entry): boolean;
  recovered(it: Recovered): void;
}

/** What was running at so many ends runs alone from then on, though nothing is proved against it. */
const ENDS_TO_ISOLATE = 2;
/** After so many losses a request has had its chances. */
const MAX_LOSSES = 3;
/** Nor may one go on for ever whose replica is killed whenever it runs alone, by whoever does that. */
const MAX_UNCLEAR_ALONE = 5;
/** A model that makes so many mistakes while it runs one request will hardly answer it. */
const MAX_LATE_ERRORS = 3;

/** What becomes of requests that were running, or waiting, inside a replica when that ended. */
export class Losses {
  readonly quarantined = new Event<Quarantined>();
  readonly #ports: LossPorts;
  readonly #ways: LossWays;
  #hasQuarantined = false;

  constructor(ports: LossPorts, ways: LossWays) {
    this.#ports = ports;
    this.#ways = ways;
  }

  /** `unanswered` are those of its members that still wait for an answer. */
  ended(work: RequestWork, lost: Lost, unanswered: readonly Entry[]): void {
    const { quarantine, whyNot } = this.#ports;
    const replica = work.replica?.id ?? '';
    if (lost.wasRunning) {
      quarantine.accuse(work, lost);
      const [alone] = work.current();
      if (alone !== undefined && quarantine.isGuilty(work, lost)) {
        this.#quarantine(alone, replica, lost.detail);
        return;
      }
    }
    const isSlow = lost.wasRunning && evidenceOf(lost.cause) === 'slow';
    if (isSlow && work.reason === 'isolation') {
      const [suspect] = unanswered;
      if (suspect === undefined || !this.#ways.mustMakeWay(suspect)) {
        this.#giveUpSlow(unanswered, lost.detail);
        return;
      }
      suspect.setbacks.madeWay += 1;
    }
    const refusal = whyNot();
    if (refusal !== undefined) {
      for (const member of unanswered) member.settle(refusal);
      return;
    }
    if (lost.wasRunning) for (const member of unanswered) count(member, lost);
    const again = unanswered.filter((member) => this.#hasChance(member, lost));
    if (again.length === 0) return;
    const how = mustBeIsolated(work, lost, again) ? 'isolate' : 'retry';
    this.#ways[how](again);
    this.#ways.recovered({ how, requests: again.length, replica, detail: lost.detail });
  }

  /** That it ran too long proves nothing before its time has passed, but another try would only end another replica. */
  #giveUpSlow(members: readonly Entry[], detail: string): void {
    const tooLong = `it ran too long twice, the second time alone: ${detail}`;
    for (const member of members) {
      this.#ports.quarantine.suspects.add(member.request);
      member.settle(refuse('DEADLINE_RUNNING', tooLong));
    }
  }

  /** What is refused by now, cannot be answered in time any more, or has had enough tries, is told so now. */
  #hasChance(member: Entry, { detail, wasRunning }: Lost): boolean {
    if (wasRunning && this.#hasQuarantined && this.#ports.isDenied(member)) {
      member.settle(refuse('DENIED_INPUT', `an equal input was just found to end replicas: ${detail}`));
      return false;
    }
    if (member.hasSetbacks) {
      const { losses, unclear, unclearAlone, lateErrors } = member.setbacks;
      if (losses >= MAX_LOSSES || unclearAlone >= MAX_UNCLEAR_ALONE) {
        const text = `${losses + unclear} replicas ended while they ran this: ${detail}`;
        member.settle(refuse('REPLICA_LOST', text));
        return false;
      }
      if (lateErrors >= MAX_LATE_ERRORS) {
        const text = `the model threw errors outside of its answers ${lateErrors} times while it ran this: ${detail}`;
        member.settle(refuse('MODEL_ERROR', text));
        return false;
      }
    }
    const timesMs = this.#ports.roster
      .views()
      .map(({ service }) => service.predictMs(member.rows, member.lane));
    const neededMs = timesMs.length === 0 ? 0 : Math.min(...timesMs);
    if (member.deadline - this.#ports.clock.now() > neededMs) return true;
    const text = `the replica that ran this was lost (${detail}), and no time is left to try again`;
    member.settle(refuse('REPLICA_LOST', text));
    return false;
  }

  #quarantine(entry: Entry, replica: ReplicaId, detail: string): void {
    this.#hasQuarantined = true;
    entry.settle(
      refuse(
        'POISON_INPUT',
        `this input ended a replica again when it ran alone: ${detail}; it is refused from now on`,
      ),
    );
    this.quarantined.emit({ entry, replica, detail });
  }
}

function count({ setbacks }: Entry, { cause }: Lost): void {
  if (cause === 'late error') setbacks.lateErrors += 1;
  // To be killed from outside costs no try.
  else if (evidenceOf(cause) === 'unclear') setbacks.unclear += 1;
  else setbacks.losses += 1;
}

function mustBeIsolated(work: RequestWork, lost: Lost, members: readonly Entry[]): boolean {
  if (work.reason === 'isolation') return true;
  if (!lost.wasRunning) return false;
  const evidence = evidenceOf(lost.cause);
  if (evidence === 'proof' || evidence === 'slow') return true;
  return members.some(
    ({ hasSetbacks, setbacks }) =>
      hasSetbacks && (setbacks.losses >= ENDS_TO_ISOLATE || setbacks.unclear >= ENDS_TO_ISOLATE),
  );
}

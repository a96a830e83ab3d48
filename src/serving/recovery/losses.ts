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

/** An input that is proved to have ended replicas. */
export interface Quarantined {
  readonly entry: Entry;
  readonly replica: ReplicaId;
  readonly detail: string;
}

/** A batch whose members run again, and how. */
export interface Recovered {
  readonly how: 'isolate' | 'bisect' | 'retry' | 'ask another';
  readonly requests: number;
  readonly replica: ReplicaId;
  readonly detail: string;
}

/** Dependencies of {@link Losses}. */
export interface LossPorts {
  readonly clock: Clock;
  readonly roster: Roster;
  readonly quarantine: Quarantine;
  /** Whether the content of a request is on the list of denied inputs. */
  readonly isDenied: (entry: Entry) => boolean;
  /** Why no request can be retried; undefined when they can. */
  readonly whyNot: () => Refusal | undefined;
}

/** The ways to run a request again. */
export interface LossWays {
  isolate(members: readonly Entry[]): void;
  retry(members: readonly Entry[]): void;
  /** Whether a suspect that ran alone was ended early because other suspects wait. */
  mustMakeWay(suspect: Entry): boolean;
  recovered(it: Recovered): void;
}

/** A request that was running at so many exits is isolated, even without proof against it. */
const ENDS_TO_ISOLATE = 2;
/** Losses after which a request is not retried. */
const MAX_LOSSES = 3;
/** Unclear exits during isolated runs after which a request is not retried. */
const MAX_UNCLEAR_ALONE = 5;
/** Late errors of the model during one request after which the request is not retried. */
const MAX_LATE_ERRORS = 3;

/** Decides what happens to requests that were running, or waiting, inside a replica that ended. */
export class Losses {
  readonly quarantined = new Event<Quarantined>();
  readonly #ports: LossPorts;
  readonly #ways: LossWays;
  #hasQuarantined = false;

  constructor(ports: LossPorts, ways: LossWays) {
    this.#ports = ports;
    this.#ways = ways;
  }

  /** `unanswered` are the members of the batch without an outcome. */
  ended(work: RequestWork, lost: Lost, unanswered: readonly Entry[]): void {
    const { quarantine, whyNot } = this.#ports;
    const replica = work.replica?.id ?? '';
    if (lost.wasRunning) {
      quarantine.markSuspects(work, lost);
      const [alone] = work.current();
      if (alone !== undefined && quarantine.isProven(work, lost)) {
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

  /** A long run is no proof before the request's timeout has passed, but a retry would end another replica. */
  #giveUpSlow(members: readonly Entry[], detail: string): void {
    const tooLong = `the request ran too long twice, the second time alone: ${detail}`;
    for (const member of members) {
      this.#ports.quarantine.suspects.add(member.request);
      member.settle(refuse('DEADLINE_RUNNING', tooLong));
    }
  }

  /** Refuses a member that is denied by now, has no tries left, or cannot be answered before its deadline. */
  #hasChance(member: Entry, { detail, wasRunning }: Lost): boolean {
    if (wasRunning && this.#hasQuarantined && this.#ports.isDenied(member)) {
      member.settle(
        refuse('DENIED_INPUT', `an equal input was quarantined because it ended replicas: ${detail}`),
      );
      return false;
    }
    if (member.hasSetbacks) {
      const { losses, unclear, unclearAlone, lateErrors } = member.setbacks;
      if (losses >= MAX_LOSSES || unclearAlone >= MAX_UNCLEAR_ALONE) {
        const text = `${losses + unclear} replicas ended while they ran this request: ${detail}`;
        member.settle(refuse('REPLICA_LOST', text));
        return false;
      }
      if (lateErrors >= MAX_LATE_ERRORS) {
        const text = `the model threw ${lateErrors} errors outside a call while it ran this request: ${detail}`;
        member.settle(refuse('MODEL_ERROR', text));
        return false;
      }
    }
    const timesMs = this.#ports.roster
      .views()
      .map(({ service }) => service.predictMs(member.rows, member.lane));
    const neededMs = timesMs.length === 0 ? 0 : Math.min(...timesMs);
    if (member.deadline - this.#ports.clock.now() > neededMs) return true;
    const text = `the replica of this request was lost (${detail}), and the time before the deadline is too short for a retry`;
    member.settle(refuse('REPLICA_LOST', text));
    return false;
  }

  #quarantine(entry: Entry, replica: ReplicaId, detail: string): void {
    this.#hasQuarantined = true;
    entry.settle(
      refuse(
        'POISON_INPUT',
        `this input ended a replica again when it ran alone: ${detail}; equal inputs are refused for a while (health.isolation.denyMs)`,
      ),
    );
    this.quarantined.emit({ entry, replica, detail });
  }
}

function count({ setbacks }: Entry, { cause }: Lost): void {
  if (cause === 'late error') setbacks.lateErrors += 1;
  // A kill from outside does not use up a try.
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

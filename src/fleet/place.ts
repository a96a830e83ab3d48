import type { Timer } from '../base/clock.ts';
import type { Beat, Exit, Replica, ReplicaId } from '../replica/replica.ts';
import type { ReplicaState } from '../replica/replica-state.ts';

/** One replica's place and all its lives. */
export interface Place {
  readonly id: ReplicaId;
  readonly index: number;
  state: ReplicaState;
  reason: string;
  incarnation: number;
  badLivesInARow: number;
  replica: Replica | undefined;
  readyAt: number | undefined;
  beatAt: number;
  beat: Beat | undefined;
  /** Batches it had run when it was first seen ready: practice. */
  batchesBefore: number | undefined;
  /** Ends a start that takes too long, or begins the next one. */
  alarm: Timer | undefined;
  /** Looks whether it still gives signs of life. */
  beatAlarm: Timer | undefined;
  /** Why we ended it ourselves; told instead of the bare signal. */
  endedFor: string | undefined;
}

/** A place that has not had a replica yet. */
export function emptyPlace(id: ReplicaId, index: number): Place {
  return {
    id,
    index,
    state: 'backoff',
    reason: 'wanted',
    incarnation: 0,
    badLivesInARow: 0,
    replica: undefined,
    readyAt: undefined,
    beatAt: 0,
    beat: undefined,
    batchesBefore: undefined,
    alarm: undefined,
    beatAlarm: undefined,
    endedFor: undefined,
  };
}

/** A replica as operators see it. */
export interface ReplicaStatus {
  readonly replica: ReplicaId;
  readonly state: ReplicaState;
  readonly reason: string;
  readonly incarnation: number;
  readonly restarts: number;
  readonly beat: Beat | undefined;
}

/** What is told of a place to whoever asks. */
export function statusOf({ id, state, reason, incarnation, beat }: Place): ReplicaStatus {
  return { replica: id, state, reason, incarnation, restarts: Math.max(0, incarnation - 1), beat };
}

/** How a life ended, in words. */
export function exitText({ code, signal, detail }: Exit): string {
  const how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
  return detail === '' ? how : `${how}: ${detail}`;
}

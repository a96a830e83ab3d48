import { causeOf, type Exit } from '../../replica/exit.ts';
import type { LossCause } from '../../work/outcome.ts';
import type { OwnEnd } from '../wire/own-end.ts';
import type { ProcessEnd } from './child-handle.ts';

/** The notice a replica sent before its own code ended it. `batch` is the batch whose code ran; 0 is none. */
export interface ToldEnd {
  readonly batch: number;
  readonly end: OwnEnd;
}

/** What the gateway knows about a replica that has ended. */
export interface ReplicaEndFacts {
  /** Why the gateway ended it; undefined when it did not. */
  readonly killedFor: LossCause | undefined;
  /** The batch that was running. */
  readonly batch: number | undefined;
  readonly ownEnd: ToldEnd | undefined;
  readonly hasLoaded: boolean;
  readonly detail: string;
}

/** How a replica ended, and why. */
export function replicaExit({ problem, ...end }: ProcessEnd, facts: ReplicaEndFacts): Exit {
  const { killedFor, batch, ownEnd, hasLoaded, detail } = facts;
  // Only loading code runs until the model is loaded, so the end belongs to loading.
  const isOfBatch = ownEnd !== undefined && (ownEnd.batch === batch || !hasLoaded);
  const told = ownEnd && (isOfBatch ? 'by its batch' : 'by other code');
  const { code, signal } = end;
  return {
    ...{ code, signal },
    cause: killedFor ?? causeOf({ ...end, wasRunning: batch !== undefined, told }),
    detail: detail || ownEnd?.end.text || problem,
    ...(batch === undefined ? {} : { batch }),
    ...(ownEnd?.end.stack === undefined ? {} : { stack: ownEnd.end.stack }),
  };
}

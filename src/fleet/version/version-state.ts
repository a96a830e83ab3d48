import { type Refusal, refuse } from '../../base/errors.ts';

/**
 * Whether a version can answer. `leaving` finishes what has come in while others already get what is new; `stopping`
 * takes nothing more.
 */
export type VersionState = 'starting' | 'ready' | 'failed' | 'draining' | 'stopping';

/** Why a version in this state takes no requests; undefined when it does. While a replica restarts, they wait for it. */
export function refusalIn(state: VersionState, name: string, failure: string): Refusal | undefined {
  switch (state) {
    case 'ready':
    case 'draining':
      return undefined;
    case 'starting':
      return refuse('MODEL_STARTING', `${name} is starting`);
    case 'failed':
      return refuse('MODEL_FAILED', `${name} cannot be served: ${failure}`);
    case 'stopping':
      return refuse('DRAINING', `${name} is being stopped`);
  }
}

import { type Refusal, refuse } from '../../base/errors.ts';

/**
 * The phase of a version from start to stop. `draining` finishes what was admitted while another version gets new
 * requests; `stopping` admits nothing.
 */
export type VersionPhase =
  | { readonly kind: 'starting' | 'ready' | 'draining' | 'stopping' }
  | { readonly kind: 'failed'; readonly reason: string };

export type VersionState = VersionPhase['kind'];

/** The phases that may follow each phase. A version that drains does not become ready again, and a stop is final. */
const FOLLOWING: Readonly<Record<VersionState, readonly VersionState[]>> = {
  starting: ['ready', 'failed', 'draining', 'stopping'],
  ready: ['failed', 'draining', 'stopping'],
  failed: ['ready', 'failed', 'draining', 'stopping'],
  draining: ['failed', 'stopping'],
  stopping: [],
};

export function mayFollow(phase: VersionPhase, next: VersionPhase): boolean {
  return FOLLOWING[phase.kind].includes(next.kind);
}

/** Why a version in this phase admits no requests; undefined when it does. While a replica restarts, requests wait. */
export function refusalIn(phase: VersionPhase, name: string): Refusal | undefined {
  switch (phase.kind) {
    case 'ready':
    case 'draining':
      return undefined;
    case 'starting':
      return refuse('MODEL_STARTING', `${name} is starting`);
    case 'failed':
      return refuse('MODEL_FAILED', `${name} cannot be served: ${phase.reason}`);
    case 'stopping':
      return refuse('DRAINING', `${name} is being stopped`);
  }
}

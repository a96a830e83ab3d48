import type { CanarySettings } from '../../config/canary-settings.ts';
import { isExcessive, largestShare } from './share-test.ts';

/** What the requests of one side have shown since the canary began. */
export interface CanarySide {
  readonly requests: number;
  readonly errors: number;
  /** Answers slower than `p99Ratio` times the median of the control, of `timed`. */
  readonly dragged: number;
  /** Answers since the latency of the control is known. */
  readonly timed: number;
}

/** Counts of the canary that its gates judge. */
export interface CanaryCounts extends CanarySide {
  /** Answers slower than `p99Ratio` times the 99th percentile of the control, of `timed`. */
  readonly slow: number;
  /** Answers later than `objectiveMs`. */
  readonly late: number;
  /** Answers that differ from the control's, of `compared`. */
  readonly disagreed: number;
  readonly compared: number;
}

export interface CanaryFacts {
  readonly canary: CanaryCounts;
  readonly control: CanarySide;
  /** Requests that the canary has answered at this step. */
  readonly requestsAtStep: number;
  /** Time at this step, in ms. */
  readonly atStepMs: number;
  readonly step: number;
}

export type Gate = 'errors' | 'p99Ratio' | 'objectiveMs' | 'disagreement';

export type CanaryDecision =
  | { readonly kind: 'hold'; readonly because: string }
  | { readonly kind: 'advance'; readonly to: number; readonly because: string }
  | { readonly kind: 'promote'; readonly because: string }
  | { readonly kind: 'roll back'; readonly gate: Gate; readonly because: string };

/** Probability that a gate breaks without cause, over the whole canary: it is looked at after every request. */
const FALSE_ALARM = 0.005;
/** The share of requests that may be slower than the ratio, or later than the objective. */
const SLOW_SHARE = 0.01;
/** How many more of the canary's answers than of the control's may be slower than the ratio allows for the median. */
const DRAGGED_SHARE = 0.1;
/**
 * Requests before a promotion, times the share that is allowed: in so many, three times that share is found. What has not been
 * seen by enough requests is not known to be good.
 */
const PROOF = 15;

/** Rolls back at a broken gate, goes on when the step has lasted and has been seen by enough requests, else waits. */
export function canaryDecision(settings: CanarySettings, facts: CanaryFacts): CanaryDecision {
  const broken = brokenGate(settings, facts);
  if (broken !== undefined) return broken;
  const { steps, every, minRequests } = settings;
  const { step, atStepMs, requestsAtStep } = facts;
  if (atStepMs < every)
    return { kind: 'hold', because: `${seconds(every - atStepMs)} s are left at ${steps[step]} %` };
  if (requestsAtStep < minRequests) {
    return { kind: 'hold', because: `${requestsAtStep} requests at ${steps[step]} %, wanted ${minRequests}` };
  }
  if (step + 1 === steps.length) {
    const missing = missingProof(settings, facts);
    if (missing !== undefined) return { kind: 'hold', because: missing };
  }
  const because = `all gates hold after ${requestsAtStep} requests in ${seconds(atStepMs)} s at ${steps[step]} %`;
  return step + 1 < steps.length ? { kind: 'advance', to: step + 1, because } : { kind: 'promote', because };
}

/** What a promotion still waits for; undefined when the gates have seen enough. */
function missingProof({ gates }: CanarySettings, { canary }: CanaryFacts): string | undefined {
  const { errors, disagreement } = gates;
  const wanted = Math.ceil(PROOF / errors);
  if (canary.requests < wanted)
    return `${canary.requests} requests in all, wanted ${wanted} to see that errors stay within ${percent(errors)}`;
  const comparisons = disagreement === undefined ? 0 : Math.ceil(PROOF / disagreement);
  if (canary.compared >= comparisons) return undefined;
  return `${canary.compared} compared answers, wanted ${comparisons} to see that they agree within ${percent(disagreement ?? 0)}`;
}

/** The first gate that is broken beyond doubt; undefined while all hold. */
export function brokenGate(
  { gates }: CanarySettings,
  { canary, control }: Pick<CanaryFacts, 'canary' | 'control'>,
): Extract<CanaryDecision, { kind: 'roll back' }> | undefined {
  const { errors, p99Ratio, objectiveMs, disagreement } = gates;
  const usual = control.requests === 0 ? 0 : control.errors / control.requests;
  if (failsMore(canary, control, errors)) {
    const because = `${canary.errors} of ${canary.requests} requests failed, ${percent(usual)} of the control's; ${percent(errors)} more are allowed`;
    return { kind: 'roll back', gate: 'errors', because };
  }
  if (isExcessive(canary.slow, canary.timed, SLOW_SHARE, FALSE_ALARM)) {
    const because = `${canary.slow} of ${canary.timed} answers took more than ${p99Ratio} times the 99th percentile of the control; 1 % are allowed`;
    return { kind: 'roll back', gate: 'p99Ratio', because };
  }
  if (dragsMore(canary, control)) {
    const because = `${canary.dragged} of ${canary.timed} answers took more than ${p99Ratio} times the median of the control, ${control.dragged} of ${control.timed} of its own`;
    return { kind: 'roll back', gate: 'p99Ratio', because };
  }
  if (objectiveMs !== undefined && isExcessive(canary.late, canary.requests, SLOW_SHARE, FALSE_ALARM)) {
    const because = `${canary.late} of ${canary.requests} answers took more than ${objectiveMs} ms; 1 % are allowed`;
    return { kind: 'roll back', gate: 'objectiveMs', because };
  }
  if (
    disagreement !== undefined &&
    isExcessive(canary.disagreed, canary.compared, disagreement, FALSE_ALARM)
  ) {
    const because = `${canary.disagreed} of ${canary.compared} answers differ from the control's; ${percent(disagreement)} are allowed`;
    return { kind: 'roll back', gate: 'disagreement', because };
  }
  return undefined;
}

/** Beyond doubt about both shares: that of the control is only known from as many requests as it had. */
function failsMore(canary: CanarySide, control: CanarySide, allowed: number): boolean {
  const alpha = FALSE_ALARM / 2;
  const exceeds = (usual: number) => isExcessive(canary.errors, canary.requests, usual + allowed, alpha);
  // Without a control, what is allowed is the limit.
  if (control.requests === 0) return exceeds(0);
  // The bound takes longer than all else, and is never below the estimate.
  return (
    exceeds(control.errors / control.requests) &&
    exceeds(largestShare(control.errors, control.requests, alpha))
  );
}

/** The middle of the latencies shows a slower version where the tail of the control is too noisy to. */
function dragsMore(canary: CanarySide, control: CanarySide): boolean {
  const alpha = FALSE_ALARM / 2;
  const exceeds = (usual: number) => isExcessive(canary.dragged, canary.timed, usual + DRAGGED_SHARE, alpha);
  if (control.timed === 0 || !exceeds(control.dragged / control.timed)) return false;
  return exceeds(largestShare(control.dragged, control.timed, alpha));
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100} %`;
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

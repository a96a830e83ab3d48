import { changeWithin, recordEvent, type ScaleEvents } from './hpa-events.ts';

/** How much may change within a period. */
export interface RatePolicy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodMs: number;
}

/** The rules of one direction. */
export interface ScalingRules {
  readonly stabilizationWindowMs: number;
  /** Which policy counts: `Max` the one that allows the largest change, `Disabled` no change at all. */
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly RatePolicy[];
}

/** How fast replicas may change, in each direction. */
export interface Behavior {
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

/** Behavior as users write it: what is absent takes the defaults. */
export interface PartialBehavior {
  readonly scaleUp?: PartialRules | undefined;
  readonly scaleDown?: PartialRules | undefined;
}

type PartialRules = { readonly [Rule in keyof ScalingRules]?: ScalingRules[Rule] | undefined };

/** Of a change of the number of replicas. */
export type Direction = 'up' | 'down';

const DEFAULT_UP: ScalingRules = {
  stabilizationWindowMs: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodMs: 15_000 },
    { type: 'Percent', value: 100, periodMs: 15_000 },
  ],
};
const DEFAULT_DOWN = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodMs: 15_000 }],
} as const;

/** The defaults of Kubernetes; `downWindowMs` is the window that applies without behavior. */
export function completeBehavior({ scaleUp, scaleDown }: PartialBehavior, downWindowMs: number): Behavior {
  return {
    scaleUp: completed(DEFAULT_UP, scaleUp),
    scaleDown: completed({ ...DEFAULT_DOWN, stabilizationWindowMs: downWindowMs }, scaleDown),
  };
}

function completed(defaults: ScalingRules, rules: PartialRules = {}): ScalingRules {
  return {
    stabilizationWindowMs: rules.stabilizationWindowMs ?? defaults.stabilizationWindowMs,
    selectPolicy: rules.selectPolicy ?? defaults.selectPolicy,
    policies: rules.policies ?? defaults.policies,
  };
}

/** The number of replicas that the policies of one direction allow; it may be on the other side of `current`. */
export function policyLimit(
  direction: Direction,
  { selectPolicy, policies }: ScalingRules,
  { current, events }: { readonly current: number; readonly events: ScaleEvents },
  now: number,
): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map((policy) => {
    const added = changeWithin(events.up, policy.periodMs, now);
    const removed = changeWithin(events.down, policy.periodMs, now);
    return direction === 'up'
      ? limitUp(policy, current - added + removed)
      : limitDown(policy, current - added + removed);
  });
  const isHighest = (direction === 'up') === (selectPolicy === 'Max');
  return isHighest ? Math.max(...limits) : Math.min(...limits);
}

/** The events after the number of replicas has changed. */
export function afterChange(
  { scaleUp, scaleDown }: Behavior,
  events: ScaleEvents,
  { from, to }: { readonly from: number; readonly to: number },
  now: number,
): ScaleEvents {
  if (to > from) return { ...events, up: recordEvent(events.up, to - from, longestPeriodMs(scaleUp), now) };
  return { ...events, down: recordEvent(events.down, from - to, longestPeriodMs(scaleDown), now) };
}

/** Rounded up, because a rounded-down share of few replicas would never grow. */
function limitUp({ type, value }: RatePolicy, start: number): number {
  return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
}

function limitDown({ type, value }: RatePolicy, start: number): number {
  return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
}

function longestPeriodMs({ policies }: ScalingRules): number {
  return policies.reduce((longest, { periodMs }) => Math.max(longest, periodMs), 0);
}

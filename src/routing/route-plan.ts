import type { CanarySettings } from '../config/canary-settings.ts';
import type { ExperimentSettings } from '../config/experiment-settings.ts';
import type { HedgeSettings, ShadowSettings } from '../config/route-settings.ts';
import type { Expression } from './request/expression.ts';
import type { KeySource } from './request/key-source.ts';
import type { Match } from './request/match.ts';
import type { Weighted } from './split.ts';

/** A model or one of its versions. */
export interface Target {
  readonly kind: 'target';
  /** As written, such as `digits/2`. */
  readonly name: string;
  readonly model: string;
  readonly version: string | undefined;
}

/** The rules of another route decide. */
export interface Onward {
  readonly kind: 'route';
  readonly name: string;
}

export interface SplitPlan {
  readonly kind: 'split';
  readonly arms: readonly (Weighted & { readonly to: Target | Onward })[];
  readonly stickyBy: KeySource | undefined;
  readonly experiment: ExperimentSettings | undefined;
}

export interface CanaryPlan {
  readonly kind: 'canary';
  readonly from: Target;
  readonly to: Target;
  readonly stickyBy: KeySource | undefined;
  readonly settings: CanarySettings;
}

/** The answer of a classifier decides. */
export interface ChoosePlan {
  readonly kind: 'choose';
  readonly by: Target;
  readonly output: string;
  readonly confidence: string | undefined;
  readonly threshold: number;
  readonly targets: ReadonlyMap<string, Target | Onward>;
  readonly otherwise: Target | Onward;
}

/** The request names its target. */
export interface NamedPlan {
  readonly kind: 'named';
  readonly by: KeySource;
  readonly among: readonly (Target | Onward)[];
  readonly otherwise: Target | Onward;
}

/** A fixed answer: values by output name. */
export interface StaticPlan {
  readonly kind: 'answer';
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RefusePlan {
  readonly kind: 'refuse';
  readonly message: string;
}

/** What decides where a request goes. */
export type Plan =
  | Target
  | Onward
  | SplitPlan
  | CanaryPlan
  | ChoosePlan
  | NamedPlan
  | StaticPlan
  | RefusePlan;

/** The last answer to an equal request. */
export interface CachedPlan {
  readonly kind: 'cached';
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

export type FallbackPlan = Target | CachedPlan | StaticPlan;

export interface Rule {
  readonly match: Match;
  readonly use: Plan;
}

/** A compiled route. */
export interface RoutePlan {
  readonly name: string;
  /** Set for a route whose name has a *. */
  readonly pattern: Expression | undefined;
  readonly rules: readonly Rule[];
  readonly otherwise: Plan;
  readonly fallback: readonly FallbackPlan[];
  readonly attemptShare: number;
  readonly shadow: (Omit<ShadowSettings, 'to'> & { readonly to: Target }) | undefined;
  readonly hedge: (Omit<HedgeSettings, 'to'> & { readonly to: Target }) | undefined;
}

/** Splits `digits/2` into model and version. */
export function targetNamed(name: string): Target {
  const slash = name.lastIndexOf('/');
  return slash === -1
    ? { kind: 'target', name, model: name, version: undefined }
    : { kind: 'target', name, model: name.slice(0, slash), version: name.slice(slash + 1) };
}

/** Whether a rule of the route asks for the version in the path; the versions of any other route are unknown. */
export function usesVersion({ rules }: RoutePlan): boolean {
  return rules.some(({ match }) => match.some(({ subject }) => subject === 'version'));
}

/** All plans of a route with their place in the settings. */
export function plansOf({
  rules,
  otherwise,
}: RoutePlan): readonly { readonly plan: Plan; readonly path: readonly string[] }[] {
  return [
    ...rules.map(({ use }, index) => ({ plan: use, path: ['when', String(index), 'use'] })),
    { plan: otherwise, path: ['otherwise'] },
  ];
}

/** Targets that a plan may lead to. */
export function destinationsOf(plan: Plan): readonly (Target | Onward)[] {
  switch (plan.kind) {
    case 'target':
    case 'route':
      return [plan];
    case 'split':
      return plan.arms.map(({ to }) => to);
    case 'canary':
      return [plan.from, plan.to];
    case 'choose':
      return [...plan.targets.values(), plan.otherwise];
    case 'named':
      return [...plan.among, plan.otherwise];
    case 'answer':
    case 'refuse':
      return [];
  }
}

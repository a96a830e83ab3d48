import type { Expression } from './request/expression.ts';
import type { KeySource } from './request/key-source.ts';
import type { Condition, Match } from './request/match.ts';
import type { ChoosePlan, FallbackPlan, Plan, RoutePlan } from './route-plan.ts';
import type { Weighted } from './split.ts';

const LONGEST_VALUE = 100;

/** A route in one paragraph. */
export function describeRoute(route: RoutePlan): string {
  const { name, rules, otherwise, fallback, shadow, hedge } = route;
  const last = planText(otherwise);
  const parts = [
    ...rules.map(({ match, use }, index) => `${index + 1}. ${matchText(match)}: ${planText(use)}`),
    rules.length === 0 ? last : `otherwise ${last}`,
    ...(fallback.length === 0 ? [] : [`fallback: ${fallback.map(fallbackText).join(', ')}`]),
    ...(shadow === undefined ? [] : [`shadow: ${percentText(shadow.share)} to ${shadow.to.name}`]),
    ...(hedge === undefined ? [] : [`hedge: ${hedgeText(hedge)}`]),
  ];
  return `route ${name}: ${parts.join('; ')}`;
}

/** The conditions of a rule. */
function matchText(match: Match): string {
  // An input of a datatype or shape is also there.
  const told = match.filter(
    ({ subject, expression }) =>
      expression !== undefined ||
      match.every((other) => other.subject === subject || !other.subject.includes(subject)),
  );
  return told.map(conditionText).join(' and ');
}

function conditionText({ subject, expression }: Condition): string {
  return expression === undefined ? subject : `${subject} is ${wantedText(expression)}`;
}

/** What a condition wants, as in the settings. */
export function wantedText({ source }: Expression): string {
  return shortened(source);
}

/** Where a plan leads. */
export function planText(plan: Plan): string {
  switch (plan.kind) {
    case 'target':
      return plan.name;
    case 'route':
      return `route ${plan.name}`;
    case 'split': {
      const { arms, stickyBy, experiment } = plan;
      const goal = experiment && `${experiment.goal} values are better`;
      const compared =
        experiment === undefined ? '' : `, an experiment with the control ${experiment.control} (${goal})`;
      return `${sharesText(arms)}${byText(stickyBy)}${compared}`;
    }
    case 'canary': {
      const { steps, every, minRequests } = plan.settings;
      const pace = `at each step at least ${durationText(every)} and ${minRequests} requests`;
      return `a canary from ${plan.from.name} to ${plan.to.name} in steps of ${steps.join(', ')} %, ${pace}${byText(plan.stickyBy)}`;
    }
    case 'choose':
      return `by output '${plan.output}' of ${plan.by.name}: ${labelsText(plan)}`;
    case 'named':
      return `the one of ${plan.among.map(({ name }) => name).join(', ')} that ${keyText(plan.by)} names, otherwise ${planText(plan.otherwise)}`;
    case 'answer':
      return 'a fixed answer';
    case 'refuse':
      return `refused with '${shortened(plan.message)}'`;
  }
}

/** The targets of a classifier by label. */
export function labelsText({ targets, otherwise, threshold }: ChoosePlan): string {
  const labels = [...targets].map(([label, to]) => `${label} → ${planText(to)}`);
  const doubt = threshold > 0 ? ` or a confidence below ${threshold}` : '';
  return [...labels, `anything else${doubt} → ${planText(otherwise)}`].join(', ');
}

/** A step of the fallback. */
export function fallbackText(step: FallbackPlan): string {
  if (step.kind === 'target') return step.name;
  return step.kind === 'cached'
    ? `the last answer to an equal request, if at most ${durationText(step.maxAgeMs)} old`
    : 'a fixed answer';
}

export function hedgeText({ to, afterMs, budget }: NonNullable<RoutePlan['hedge']>): string {
  const when =
    afterMs === undefined ? 'the 95th percentile of the latency of the first target' : durationText(afterMs);
  return `a second attempt at ${to.name} after ${when}, for at most ${percentText(budget)} of the requests`;
}

/** Where a key comes from. */
export function keyText({ source }: KeySource): string {
  if (source === 'id') return 'the id of the request';
  return source.replace(':', ' ');
}

/** The shares of targets, such as `95 % a, 5 % b`. */
export function sharesText(weights: readonly Weighted[]): string {
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  return weights.map(({ name, weight }) => `${percentText(weight / total)} ${name}`).join(', ');
}

/** A share in percent. */
export function percentText(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`;
}

/** A text of a request or of the settings, cut to a readable length. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= LONGEST_VALUE ? line : `${line.slice(0, LONGEST_VALUE)}…`;
}

function byText(key: KeySource | undefined): string {
  return key === undefined ? '' : `, by ${keyText(key)}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A time as in the settings: in the largest unit of which it is a whole number. */
export function durationText(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

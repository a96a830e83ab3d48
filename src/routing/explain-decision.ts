import type { Decision, Drawn, Leaf, Step } from './decide.ts';
import {
  fallbackText,
  hedgeText,
  keyText,
  labelsText,
  percentText,
  planText,
  sharesText,
  shortened,
  wantedText,
} from './describe-route.ts';
import type { Possibility } from './possible-decisions.ts';
import type { Condition } from './request/match.ts';
import type { RequestView } from './request/request-view.ts';
import type { RoutePlan } from './route-plan.ts';
import type { Weighted } from './split.ts';

/** Where a request goes, one line for each possibility. */
export function decisionLines(possible: readonly Possibility[]): string[] {
  const isOnly = possible.length === 1;
  const shares = new Map<string, number>();
  for (const { decision, share } of possible) {
    const text = decision === undefined ? 'depends on the body of the request' : leafText(decision.leaf);
    shares.set(text, (shares.get(text) ?? 0) + share);
  }
  return [...shares].map(([text, share]) => (isOnly ? text : `${percentText(share)} ${text}`));
}

/** The steps to each decision, then what follows when the target fails. */
export function explanationLines(
  route: RoutePlan,
  view: RequestView,
  possible: readonly Possibility[],
): string[] {
  const [first] = possible;
  const isOnly = possible.length === 1;
  const turn = first?.steps.findIndex(isByTurn) ?? -1;
  const common = first?.steps.slice(0, turn === -1 ? undefined : turn + 1) ?? [];
  const leaves = possible.flatMap(({ steps, share, decision }) => [
    ...steps.slice(common.length).flatMap((step) => indented(stepLines(step, view))),
    `→ ${isOnly ? '' : `${percentText(share)} `}${decision === undefined ? 'depends on the body of the request' : leafText(decision.leaf)}`,
  ]);
  return [
    ...common.flatMap((step) => stepLines(step, view)),
    ...leaves,
    ...afterwardsLines(
      route,
      possible.flatMap(({ decision }) => decision ?? []),
    ),
  ];
}

function isByTurn(step: Step): boolean {
  return step.kind === 'drawn' && step.drawn.key === undefined;
}

function leafText(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'target':
      return leaf.name;
    case 'answer':
      return `a fixed answer: ${shortened(JSON.stringify(leaf.values))}`;
    case 'refuse':
      return `refused with '${shortened(leaf.message)}'`;
    case 'choose':
      return `depends on the answer of ${leaf.by.name}, which only a running server has: ${labelsText(leaf)}`;
  }
}

function stepLines(step: Step, view: RequestView): string[] {
  switch (step.kind) {
    case 'route':
      return [`the rules of route ${step.route.name} decide`];
    case 'otherwise': {
      const { name, rules, otherwise } = step.route;
      return [`${name}: ${rules.length === 0 ? '' : 'no rule matches: otherwise '}${planText(otherwise)}`];
    }
    case 'rule': {
      const { route, index, matches } = step;
      const { match, use } = route.rules[index] as RoutePlan['rules'][number];
      const said =
        matches === undefined
          ? 'depends on the body'
          : matches
            ? `matches: ${planText(use)}`
            : 'does not match';
      return [
        `${route.name}: rule ${index + 1} ${said}`,
        ...indented(match.map((each) => conditionLine(each, view))),
      ];
    }
    case 'drawn':
      return [drawnText(step.drawn, step.weights)];
    case 'named': {
      const { plan, wanted, to } = step;
      const by = keyText(plan.by);
      if (wanted === undefined) return [`${by} is missing: otherwise ${planText(to)}`];
      const among = plan.among.map(({ name }) => name);
      const otherwise = among.includes(wanted)
        ? ''
        : `, which is none of ${among.join(', ')}: otherwise ${planText(to)}`;
      return [`${by} is '${shortened(wanted)}'${otherwise}`];
    }
    case 'key waits':
      return [`${keyText(step.by)} is in the body`];
  }
}

function conditionLine(condition: Condition, view: RequestView): string {
  const { subject, expression, needsBody } = condition;
  const wanted = expression === undefined ? '' : `, wanted ${wantedText(expression)}`;
  if (needsBody && view.request === undefined) return `open: ${subject} is in the body${wanted}`;
  const came = condition.cameIn(view);
  const said = came === undefined ? 'is missing' : `is ${shortened(came)}`;
  // The subject of a condition without an expression says what is wanted.
  const text =
    expression === undefined
      ? `${subject}${came === undefined ? ' is missing' : `: ${shortened(came)}`}`
      : `${subject} ${said}${wanted}`;
  return `${condition.holds(view) ? 'yes' : 'no'}: ${text}`;
}

function drawnText({ plan, variant, key }: Drawn, weights: readonly Weighted[]): string {
  const shares = sharesText(weights);
  const moves =
    plan.kind === 'canary'
      ? ' (the first step of the canary: a running server may have gone on)'
      : plan.experiment !== undefined
        ? ' (the shares at the start: those of a running experiment may have changed)'
        : '';
  const { stickyBy } = plan;
  if (key !== undefined && stickyBy !== undefined)
    return `${shares}, by ${keyText(stickyBy)}: '${shortened(key)}' belongs to ${variant}${moves}`;
  const why = stickyBy === undefined ? '' : `${keyText(stickyBy)} is missing, so `;
  return `${shares}: ${why}each request takes its turn${moves}`;
}

/** What follows a first attempt. Fixed answers and refusals are final. */
function afterwardsLines(route: RoutePlan, decisions: readonly Decision[]): string[] {
  const { fallback, attemptShare, shadow, hedge } = route;
  const targets = decisions.flatMap(({ leaf }) => (leaf.kind === 'target' ? [leaf.name] : []));
  if (decisions.every(({ leaf }) => leaf.kind === 'answer' || leaf.kind === 'refuse')) return [];
  const only = targets.length === decisions.length && new Set(targets).size === 1 ? targets[0] : undefined;
  return [
    fallback.length === 0
      ? 'no fallback: an error of the target is the answer'
      : 'if the target fails, is not ready or overloaded, or would be late:',
    ...indented(
      fallback.map((step, index) => {
        const isTried = step.kind === 'target' && step.name === only;
        const values = step.kind === 'answer' ? `: ${shortened(JSON.stringify(step.values))}` : '';
        return `${index + 1}. ${fallbackText(step)}${values}${isTried ? ' (left out: it was tried)' : ''}`;
      }),
    ),
    ...(fallback.length === 0
      ? []
      : [
          `while a further step is left, an attempt takes at most ${percentText(attemptShare)} of the time to the deadline`,
        ]),
    ...(shadow === undefined
      ? []
      : [
          `shadow: ${percentText(shadow.share)} of the requests are copied to ${shadow.to.name}; its answers are compared and dropped`,
        ]),
    ...(hedge === undefined
      ? []
      : [`hedge: ${hedge.to.name === only ? `none, ${only} is the first target` : hedgeText(hedge)}`]),
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

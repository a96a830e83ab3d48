/** The part of the state of a route that is printed. */
export interface RouteState {
  readonly name: string;
  readonly targets: readonly {
    readonly target: string;
    readonly answered: number;
    readonly failed: Readonly<Record<string, number>>;
    readonly p50Ms: number;
    readonly p99Ms: number;
  }[];
  readonly shares: readonly { readonly target: string; readonly share: number }[];
  readonly canary: CanaryPart | null;
  readonly experiment: ExperimentPart | null;
}

interface CanaryPart {
  readonly from: string;
  readonly to: string;
  readonly phase: string;
  readonly step: number;
  readonly steps: readonly number[];
  readonly share: number;
  readonly because: string;
  readonly counts: {
    readonly requests: number;
    readonly errors: number;
    readonly slow: number;
    readonly timed: number;
    readonly late: number;
    readonly disagreed: number;
    readonly compared: number;
  };
  readonly control: { readonly requests: number; readonly errors: number };
}

interface ExperimentPart {
  readonly control: string;
  readonly goal: string;
  readonly phase: string;
  readonly reason: string;
  readonly conclusion: string;
  readonly pending: number;
  readonly comparisons: readonly {
    readonly variant: string;
    readonly estimate: number;
    readonly low: number | null;
    readonly high: number | null;
  }[];
  readonly variants: readonly {
    readonly variant: string;
    readonly count: number;
    readonly mean: number;
    readonly requests: number;
    readonly failed: number;
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
  }[];
}

const NONE = '-';

/** The lines of the state of a route with a canary or an experiment. */
export function routeTable(route: RouteState): string[] {
  if (route.canary !== null) return canaryLines(route, route.canary);
  return route.experiment === null ? [] : experimentLines(route, route.experiment);
}

/** What is so now, in one line. */
export function routeLine({ name, canary, experiment, shares }: RouteState): string {
  const { phase, because } =
    canary ??
    (experiment === null
      ? { phase: 'without canary and experiment', because: '' }
      : {
          phase: experiment.phase,
          because: experiment.phase === 'running' ? experiment.conclusion : experiment.reason,
        });
  const parts = shares.map(({ target, share }) => `${percent(share)} ${target}`);
  return `${name} is ${phase}: ${parts.join(', ')}${because === '' ? '' : ` (${because})`}`;
}

function canaryLines({ name, targets }: RouteState, canary: CanaryPart): string[] {
  const { from, to, phase, step, steps, share, because, counts, control } = canary;
  const rows = [
    { target: from, share: 100 - share, ...control },
    { target: to, share, requests: counts.requests, errors: counts.errors },
  ].map((side) => {
    const seen = targets.find(({ target }) => target === side.target);
    const times = seen === undefined || seen.answered === 0 ? [NONE, NONE] : [ms(seen.p50Ms), ms(seen.p99Ms)];
    return [side.target, `${side.share} %`, String(side.requests), String(side.errors), ...times];
  });
  const { slow, timed, late, disagreed, compared } = counts;
  const seen = [
    `${slow} of ${timed} answers slower than allowed`,
    `${late} later than the objective`,
    ...(compared === 0 ? [] : [`${disagreed} of ${compared} differ from the control's`]),
  ];
  const isOver = phase === 'promoted' || phase === 'rolled back';
  return [
    `route ${name}: canary from ${from} to ${to}, ${phase}`,
    isOver
      ? `the canary has ${share} %`
      : `step ${step + 1} of ${steps.length} (${steps.join(', ')} %): the canary has ${share} %`,
    '',
    ...table([['target', 'share', 'requests', 'errors', 'p50 ms', 'p99 ms'], ...rows]),
    '',
    `of the canary: ${seen.join(', ')}`,
    `${phase === 'running' ? 'waits' : phase}: ${because}`,
  ];
}

function experimentLines({ name, shares }: RouteState, experiment: ExperimentPart): string[] {
  const { control, goal, phase, reason, conclusion, pending, comparisons, variants } = experiment;
  const rows = variants.map(({ variant, requests, failed, p50Ms, p99Ms, count, mean }) => {
    const compared = comparisons.find((each) => each.variant === variant);
    const share = shares.find(({ target }) => target === variant)?.share;
    return [
      ...[variant, share === undefined ? NONE : percent(share), String(requests), String(failed)],
      ...[requests > failed ? ms(p50Ms) : NONE, requests > failed ? ms(p99Ms) : NONE],
      ...[String(count), count === 0 ? NONE : number(mean)],
      ...(compared === undefined ? ['control', ''] : differenceOf(compared)),
    ];
  });
  const heads = [
    'variant',
    'share',
    'requests',
    'errors',
    'p50 ms',
    'p99 ms',
    'values',
    'mean',
    'difference',
    'between',
  ];
  return [
    `route ${name}: experiment, ${phase}; ${goal} values are better than those of the control ${control}`,
    '',
    ...table([heads, ...rows]),
    '',
    `${pending} answers wait for a value`,
    ...(phase === 'running' || reason === '' ? [] : [`${phase}: ${reason}`]),
    `conclusion: ${conclusion}`,
  ];
}

/** Without bounds the difference says nothing. */
function differenceOf({ estimate, low, high }: ExperimentPart['comparisons'][number]): string[] {
  if (low === null || high === null) return [NONE, NONE];
  return [signed(estimate), `${signed(low)} and ${signed(high)}`];
}

/** Names are left-aligned, numbers right-aligned. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

function percent(share: number): string {
  return `${Math.round(1000 * share) / 10} %`;
}

function ms(value: number | null): string {
  return value === null ? NONE : value.toFixed(1);
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : number(value);
}

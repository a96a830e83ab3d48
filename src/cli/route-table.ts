/** The part of the state of a route that is printed. */
export interface RouteState {
  readonly name: string;
  readonly canary: CanaryPart | null;
  readonly experiment: ExperimentPart | null;
}

interface Variant {
  readonly variant: string;
  readonly share: number;
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

interface CanaryPart {
  readonly from: string;
  readonly to: string;
  readonly phase: string;
  readonly step: number;
  readonly steps: readonly number[];
  readonly share: number;
  readonly because: string;
  readonly variants: readonly Variant[];
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
  readonly variants: readonly (Variant & { readonly count: number; readonly mean: number })[];
}

const NONE = '-';

/** The lines of the state of a route with a canary or an experiment. */
export function routeTable(route: RouteState): string[] {
  if (route.canary !== null) return canaryLines(route, route.canary);
  return route.experiment === null ? [] : experimentLines(route, route.experiment);
}

/** What is so now, in one line. */
export function routeLine({ name, canary, experiment }: RouteState): string {
  const managed = canary ?? experiment;
  if (managed === null) return `${name} has neither a canary nor an experiment`;
  const { phase, variants } = managed;
  const shares = variants.map(({ variant, share }) => `${percent(share)} ${variant}`).join(', ');
  const because = canary?.because ?? (phase === 'running' ? experiment?.conclusion : experiment?.reason);
  return `${name} is ${phase}: ${shares} (${because})`;
}

function canaryLines({ name }: RouteState, canary: CanaryPart): string[] {
  const { from, to, phase, step, steps, share, because, variants, counts, control } = canary;
  const rows = variants.map(({ variant, share: part, p50Ms, p99Ms }) => {
    const { requests, errors } = variant === to ? counts : control;
    return [variant, percent(part), String(requests), String(errors), ms(p50Ms), ms(p99Ms)];
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

function experimentLines({ name }: RouteState, experiment: ExperimentPart): string[] {
  const { control, goal, phase, reason, conclusion, pending, comparisons, variants } = experiment;
  const rows = variants.map(({ variant, share, requests, failed, p50Ms, p99Ms, count, mean }) => {
    const compared = comparisons.find((each) => each.variant === variant);
    return [
      ...[variant, percent(share), String(requests), String(failed), ms(p50Ms), ms(p99Ms)],
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

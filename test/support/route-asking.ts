import { type Asked, type Asking, ask } from './asking.ts';

/** A route in the admin API, as far as tests read it. */
export interface RouteView {
  readonly name: string;
  readonly rules: readonly { readonly rule: string; readonly requests: number }[];
  readonly targets: readonly {
    readonly target: string;
    readonly answered: number;
    readonly failed: Readonly<Record<string, number>>;
    readonly p50Ms: number | null;
  }[];
  readonly answeredOtherwise: Readonly<Record<'cached' | 'answer' | 'refuse', number>>;
  readonly fallbacks: readonly { readonly target: string; readonly cause: string; readonly count: number }[];
  readonly hedges: Readonly<Record<'won' | 'lost' | 'failed' | 'unaffordable', number>>;
  readonly copies: readonly {
    readonly target: string;
    readonly results: Readonly<Record<'agreed' | 'differed' | 'failed' | 'skipped' | 'alone', number>>;
    readonly lastDifference: string;
  }[];
  readonly shares: readonly { readonly rule: string; readonly target: string; readonly share: number }[];
  readonly canary: {
    readonly phase: string;
    readonly share: number;
    readonly because: string;
    readonly counts: Readonly<Record<'requests' | 'errors' | 'slow' | 'disagreed' | 'compared', number>>;
  } | null;
  readonly experiment: {
    readonly phase: string;
    readonly conclusion: string;
    readonly winner: string | null;
    readonly pending: number;
    readonly variants: readonly { readonly variant: string; readonly count: number; readonly mean: number }[];
  } | null;
}

/** Sends numbers as the input `x`. */
export async function askX(
  url: string,
  name: string,
  x: number | readonly number[],
  asking?: Asking,
): Promise<Asked> {
  return ask(url, name, { name: 'x', datatype: 'FP32', data: typeof x === 'number' ? [x] : x }, asking);
}

/** What answered. */
export function servedBy({ headers }: Pick<Asked, 'headers'>): string | null {
  return headers.get('x-galley-served-by');
}

export async function routeView(url: string, route: string): Promise<RouteView> {
  const response = await fetch(`${url}/admin/routes/${encodeURIComponent(route)}`);
  return (await response.json()) as RouteView;
}

/** Sends a command such as `pause`, with its query if there is one. */
export async function commandRoute(url: string, route: string, action: string): Promise<Response> {
  return fetch(`${url}/admin/routes/${encodeURIComponent(route)}/${action}`, { method: 'POST' });
}

/** A change of a canary or an experiment. */
export interface TrafficFacts {
  readonly action: string;
  readonly share: number | null;
  readonly winner: string;
  readonly because: string;
}

/** The changes of a canary or an experiment so far, in order. */
export async function trafficDecisions(url: string, route: string): Promise<readonly TrafficFacts[]> {
  const response = await fetch(`${url}/admin/decisions?kind=traffic&model=${route}`);
  const { decisions } = (await response.json()) as { decisions: { facts: TrafficFacts }[] };
  return decisions.map(({ facts }) => facts);
}

/** Runs tasks with at most so many at the same time, and returns their results in order. */
export async function eachOf<T>(
  count: number,
  atOnce: number,
  run: (index: number) => Promise<T>,
): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await run(index);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** How often each value occurs. */
export function countsOf(values: readonly (string | null)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value ?? 'none'] = (counts[value ?? 'none'] ?? 0) + 1;
  return counts;
}

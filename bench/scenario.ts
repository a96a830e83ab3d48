/** A measurement of Galley relative to a limit measured in the same run. */
export interface ScenarioResult {
  /** Median over the pairs. */
  readonly ratio: number;
  /** The wanted ratio as text, such as `>= 0.80`. */
  readonly aim: string;
  readonly isMet: boolean;
  /** The ratio of every pair, in order. */
  readonly pairs: readonly number[];
  /** Additional measurements, by name. */
  readonly also: Readonly<Record<string, number | string>>;
}

/** Runs one scenario and reports its progress to `say`. */
export type Scenario = (say: (line: string) => void) => Promise<ScenarioResult>;

/** Pairs per scenario, enough for a stable median on a noisy machine. */
const PAIRS = 9;

/** Measures two contenders in alternating order, so that disturbances of the machine affect both alike. */
export async function alternate(
  ours: () => Promise<number>,
  limit: () => Promise<number>,
  say: (line: string) => void,
): Promise<{ readonly ratios: readonly number[]; readonly ours: number; readonly limit: number }> {
  const [a, b]: [number[], number[]] = [[], []];
  for (let pair = 0; pair < PAIRS; pair++) {
    if (pair % 2 === 0) {
      a.push(await ours());
      b.push(await limit());
    } else {
      b.push(await limit());
      a.push(await ours());
    }
    say(
      `pair ${pair + 1}: ${shown(a[pair])} / ${shown(b[pair])} = ${shown((a[pair] ?? 0) / (b[pair] ?? 1))}`,
    );
  }
  return { ratios: a.map((value, pair) => value / (b[pair] ?? 1)), ours: median(a), limit: median(b) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[sorted.length >> 1] ?? 0;
}

export function shown(value: number | undefined): string {
  return (value ?? 0).toPrecision(4);
}

/** A result whose ratio must be at least `aim`. */
export function atLeast(
  aim: number,
  ratios: readonly number[],
  also: ScenarioResult['also'],
): ScenarioResult {
  const ratio = median(ratios);
  return { ratio, aim: `>= ${aim}`, isMet: ratio >= aim, pairs: ratios, also };
}

/** A result whose ratio must be at most `aim`. */
export function atMost(aim: number, ratios: readonly number[], also: ScenarioResult['also']): ScenarioResult {
  const ratio = median(ratios);
  return { ratio, aim: `<= ${aim}`, isMet: ratio <= aim, pairs: ratios, also };
}

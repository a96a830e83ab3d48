import { isDeepStrictEqual } from 'node:util';

/** A case with another system's numbers: the input, and the result that the system's own test expects. */
interface SolvedCase {
  readonly input: unknown;
  readonly expect: Readonly<Record<string, unknown>>;
}

/** Computes the fields of a result; sees the expectation because some only bound a number. */
export type Solver = (input: never, expect: never) => Readonly<Record<string, unknown>>;

/** Numbers in such files are rounded. */
const DEFAULT_TOLERANCE = 1e-4;
const TOLERANCE_SUFFIX = /tolerance$/i;

/** One runner per kind; it returns the difference, if there is any. */
export function runnersOf(
  solvers: Readonly<Record<string, Solver>>,
): Readonly<Record<string, (it: never) => string | undefined>> {
  return Object.fromEntries(
    Object.entries(solvers).map(([kind, solve]) => [
      kind,
      ({ input, expect }: SolvedCase) => {
        const got = solve(input as never, expect as never);
        return isNear(got, expect, tolerancesIn(expect))
          ? undefined
          : `wanted ${JSON.stringify(expect)}, got ${JSON.stringify(got)}`;
      },
    ]),
  );
}

/** `tolerance` is for all numbers of an expectation, `xTolerance` for the fields named `x`. */
function tolerancesIn(expect: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(expect)
      .filter(([key]) => TOLERANCE_SUFFIX.test(key))
      .map(([key, value]) => [key.replace(TOLERANCE_SUFFIX, ''), Number(value)]),
  );
}

function isNear(got: unknown, wanted: unknown, tolerances: ReadonlyMap<string, number>, field = ''): boolean {
  if (typeof wanted === 'number' && typeof got === 'number') {
    const tolerance = tolerances.get(field) ?? tolerances.get('') ?? DEFAULT_TOLERANCE;
    return Math.abs(got - wanted) <= tolerance;
  }
  if (Array.isArray(wanted) && Array.isArray(got)) {
    return (
      got.length === wanted.length &&
      wanted.every((each, index) => isNear(got[index], each, tolerances, field))
    );
  }
  if (typeof wanted === 'object' && wanted !== null && typeof got === 'object' && got !== null) {
    const facts = got as Record<string, unknown>;
    return Object.entries(wanted).every(
      ([key, value]) => TOLERANCE_SUFFIX.test(key) || isNear(facts[key], value, tolerances, key),
    );
  }
  return isDeepStrictEqual(got, wanted);
}

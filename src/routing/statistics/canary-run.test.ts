import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { CanarySettings } from '../../config/canary-settings.ts';
import { brokenGate, type Gate } from './canary.ts';

const SETTINGS = CanarySettings.parse({
  ...{ from: 'digits/1', to: 'digits/2' },
  gates: { objectiveMs: 50, disagreement: 0.02 },
});

/** Shares of the answers of a version. */
interface Version {
  readonly errors: number;
  readonly slow: number;
  readonly disagreed: number;
}
const EQUAL: Version = { errors: 0.01, slow: 0.005, disagreed: 0.005 };

interface RolledBack {
  readonly gate: Gate;
  readonly after: number;
}

/** Looks at the gates whenever a count has risen, while the control gets `perCanary` requests for each of the canary. */
function runOf(
  seed: string,
  version: Version,
  requests: number,
  { errors = EQUAL.errors, perCanary = 1 } = {},
): RolledBack | undefined {
  const random = seededRandom(seed);
  const canary = {
    requests: 0,
    errors: 0,
    dragged: 0,
    slow: 0,
    timed: 0,
    late: 0,
    disagreed: 0,
    compared: 0,
  };
  const control = { requests: 0, errors: 0, timed: 0, dragged: 0 };
  for (let after = 1; after <= requests; after++) {
    for (let one = 0; one < perCanary; one++) if (random.unit() < errors) control.errors += 1;
    control.requests = after * perCanary;
    canary.requests = canary.timed = canary.compared = after;
    const isError = random.unit() < version.errors;
    const isSlow = random.unit() < version.slow;
    const isOther = random.unit() < version.disagreed;
    if (isError) canary.errors += 1;
    if (isSlow) canary.slow += 1;
    if (isOther) canary.disagreed += 1;
    // Evidence rises only with a hit: see share-test.
    if (!isError && !isSlow && !isOther) continue;
    const broken = brokenGate(SETTINGS, { canary, control });
    if (broken !== undefined) return { gate: broken.gate, after };
  }
  return undefined;
}

for (const [what, version, gate, within, usual] of [
  ['fails 3 % of the requests', { ...EQUAL, errors: 0.03 }, 'errors', 2_500, 0.001],
  ['fails 5 % of the requests', { ...EQUAL, errors: 0.05 }, 'errors', 2_000, 0.01],
  ['fails all requests', { ...EQUAL, errors: 1 }, 'errors', 8, 0.01],
  ['is slow for 3 % of the requests', { ...EQUAL, slow: 0.03 }, 'p99Ratio', 2_000, 0.01],
  ['disagrees on 5 % of the requests', { ...EQUAL, disagreed: 0.05 }, 'disagreement', 2_000, 0.01],
] as const) {
  test(`a version that ${what} is rolled back within ${within} requests`, () => {
    const runs = Array.from({ length: 100 }, (_, run) =>
      runOf(`${what} ${run}`, version, within, { errors: usual, perCanary: 9 }),
    );
    const found = runs.filter((run) => run !== undefined);
    assert.ok(found.length >= 0.98 * runs.length, `${found.length} of ${runs.length}`);
    const right = found.filter((run) => run.gate === gate);
    assert.ok(right.length >= 0.95 * found.length, `${right.length} of ${found.length} by ${gate}`);
  });
}

function rolledBack(runs: number, version: Version, errors: number): number {
  const all = Array.from({ length: runs }, (_, run) => runOf(`run ${run}`, version, 3_000, { errors }));
  return all.filter((run) => run !== undefined).length;
}

test('an equal version is rolled back in at most 2 % of 2000 runs of 3000 requests', () => {
  const wrong = rolledBack(2_000, EQUAL, EQUAL.errors);
  assert.ok(wrong <= 40, `${wrong}`);
});

for (const errors of [0.1, 0.3]) {
  test(`an equal version is not rolled back where ${100 * errors} % fail, though shares of few requests vary`, () => {
    const wrong = rolledBack(100, { ...EQUAL, errors }, errors);
    assert.ok(wrong <= 2, `${wrong}`);
  });
}

test('a version at the limit of each gate is rolled back in at most 2 % of 300 runs', () => {
  const { errors, disagreement = 0 } = SETTINGS.gates;
  const wrong = rolledBack(
    300,
    { errors: EQUAL.errors + errors, slow: 0.01, disagreed: disagreement },
    EQUAL.errors,
  );
  assert.ok(wrong <= 6, `${wrong}`);
});

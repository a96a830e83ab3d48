import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/random.ts';
import { type DifferenceTerms, testDifference } from '../../routing/statistics/difference-test.ts';
import { type Look, runExperiments } from './experiment-run.ts';
import { fixedSampleSize, fixedSampleTest } from './fixed-sample.ts';
import { runThompson } from './thompson-run.ts';

const LEVEL = 0.05;
const TERMS: DifferenceTerms = { goal: 'higher', level: LEVEL, minimumEffect: undefined, minOutcomes: 100 };
const ours: Look = (control, variant) => testDifference(control, variant, TERMS).result;

for (const variantShare of [0.5, 0.05]) {
  test(`no difference is found where there is none, with a look after each request and ${variantShare} to the variant`, () => {
    const runs = 200;
    for (const rate of [0.01, 0.02, 0.1, 0.5]) {
      const experiment = { controlRate: rate, variantRate: rate, variantShare, requests: 4_000 };
      const { undecided } = runExperiments(experiment, ours, runs, seededRandom(`same ${rate}`));
      const wrong = runs - undecided;
      const noise = 3 * Math.sqrt(runs * LEVEL * (1 - LEVEL));
      assert.ok(wrong <= runs * LEVEL + noise, `rate ${rate}: ${wrong} of ${runs}`);
    }
  });
}

test('a test for a fixed sample finds differences that are not there when it is looked at too often', () => {
  const experiment = { controlRate: 0.1, variantRate: 0.1, variantShare: 0.5, requests: 4_000 };
  const { undecided } = runExperiments(experiment, fixedSampleTest, 200, seededRandom('looks'));
  assert.ok(undecided < 140, `${undecided} of 200`);
});

test('a true difference is found, sooner in the mean than a fixed sample of 90 % power allows', () => {
  const [controlRate, variantRate, runs] = [0.1, 0.12, 100];
  const fixed = fixedSampleSize(controlRate, variantRate);
  assert.equal(fixed, 10_284);
  const experiment = { controlRate, variantRate, variantShare: 0.5, requests: 3 * fixed };
  const terms = { ...TERMS, minimumEffect: 0.02 };
  const { better, worse, undecided, requests } = runExperiments(
    experiment,
    (control, variant) => testDifference(control, variant, terms).result,
    runs,
    seededRandom('different'),
  );
  assert.equal(better + worse + undecided, runs);
  assert.ok(better >= 0.97 * runs, `${better} of ${runs}`);
  const mean = requests.reduce((sum, each) => sum + each, 0) / runs;
  assert.ok(mean < 0.95 * fixed, `${mean}, wanted less than ${fixed}`);
  assert.ok(
    requests.every((each, index) => each >= (requests[index - 1] ?? 0)),
    'ascending',
  );
});

test('Thompson sampling sends most requests to the better variant and misses less than a fixed split', () => {
  const [runs, requests] = [20, 20_000];
  let [share, regret] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const report = runThompson(
      { rates: [0.1, 0.12], requests, updateEvery: 200, terms: { draws: 100, floor: 0.05 } },
      seededRandom(`thompson ${run}`),
    );
    share += report.bestShare / runs;
    regret += report.regret / runs;
    assert.ok(Math.abs(report.regret - (1 - report.bestShare) * requests * 0.02) < 1e-6);
  }
  assert.ok(share > 0.8 && share < 0.95, `${share}`);
  assert.ok(regret < 0.4 * 0.5 * requests * 0.02, `${regret}`);
});

test('the same seed gives the same experiments', () => {
  const experiment = { controlRate: 0.1, variantRate: 0.2, variantShare: 0.3, requests: 2_000 };
  const run = () => runExperiments(experiment, ours, 5, seededRandom('again'));
  assert.deepEqual(run(), run());
});

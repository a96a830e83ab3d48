import { type Random, seededRandom } from '../../src/base/random.ts';
import { type DifferenceTerms, testDifference } from '../../src/routing/statistics/difference-test.ts';
import {
  type ExperimentTally,
  type Look,
  runExperiments,
} from '../../src/simulate/routing/experiment-run.ts';
import { fixedSampleSize, fixedSampleTest } from '../../src/simulate/routing/fixed-sample.ts';
import { runThompson } from '../../src/simulate/routing/thompson-run.ts';
import { median, type Scenario } from '../scenario.ts';

const LEVEL = 0.05;
const TERMS: DifferenceTerms = { goal: 'higher', level: LEVEL, minimumEffect: undefined, minOutcomes: 100 };
const REQUESTS = 20_000;

const SAME = { runs: 2_000, rates: [0.01, 0.02, 0.1, 0.5], variantShares: [0.5, 0.05] };
const DIFFERENT = { runs: 1_000, controlRate: 0.1, variantRate: 0.12 };
/** An experiment is given up at so many times the sample that a fixed test needs. */
const HORIZONS = [1, 1.5, 2];
const POWER = 0.9;
const THOMPSON = { runs: 200, updateEvery: 100, terms: { draws: 200, floor: 0.05 } };

type Also = Record<string, number | string>;

/** The test that compares variants, looked at after every request: false alarms, and how soon it finds a difference. */
export const experiments: Scenario = async (say) => {
  const also: Also = {};
  const note = (name: string, text: string) => {
    also[name] = text;
    say(`${name}: ${text}`);
  };
  const random = seededRandom('experiments');
  const wrong = falseAlarms(note, random);
  const isFound = differences(note, random);
  const isDivided = thompson(note, random);
  const ratio = Math.max(...wrong);
  return {
    ratio,
    aim: `<= ${LEVEL} of experiments without a difference find one; a true one is found sooner than by a fixed sample`,
    isMet: ratio <= LEVEL && isFound && isDivided,
    pairs: wrong,
    also,
  };
};

function lookWith(terms: DifferenceTerms): Look {
  return (control, variant) => testDifference(control, variant, terms).result;
}

/** The share of experiments that find a difference where there is none. */
function falseAlarms(note: (name: string, text: string) => void, random: Random): readonly number[] {
  const run = (rate: number, variantShare: number, look: Look) => {
    const experiment = { controlRate: rate, variantRate: rate, variantShare, requests: REQUESTS };
    return runExperiments(experiment, look, SAME.runs, random.fork(`same ${rate} ${variantShare}`));
  };
  const shareOf = ({ better, worse }: ExperimentTally) => (better + worse) / SAME.runs;
  const wrong: number[] = [];
  for (const variantShare of SAME.variantShares) {
    for (const rate of SAME.rates) {
      const tally = run(rate, variantShare, lookWith(TERMS));
      wrong.push(shareOf(tally));
      note(
        `no difference, rate ${rate}, ${percent(variantShare)} to the variant`,
        `${percent(shareOf(tally))} wrong (${tally.better} better, ${tally.worse} worse)`,
      );
    }
  }
  const fixed = run(0.1, 0.5, (control, variant) =>
    Math.min(control.count, variant.count) < TERMS.minOutcomes
      ? 'undecided'
      : fixedSampleTest(control, variant),
  );
  note('the same with the test for a fixed sample, rate 0.1, 50.0 %', `${percent(shareOf(fixed))} wrong`);
  return wrong;
}

/** Whether a true difference is found as surely as by a fixed sample, and sooner in the mean. */
function differences(note: (name: string, text: string) => void, random: Random): boolean {
  const { runs, controlRate, variantRate } = DIFFERENT;
  const fixed = fixedSampleSize(controlRate, variantRate);
  note('fixed sample for a power of 90 %', `${fixed} requests`);
  const met: boolean[] = [];
  for (const minimumEffect of [variantRate - controlRate, undefined]) {
    for (const horizon of HORIZONS) {
      const experiment = { controlRate, variantRate, variantShare: 0.5, requests: horizon * fixed };
      const look = lookWith({ ...TERMS, minimumEffect });
      const { better, worse, requests } = runExperiments(experiment, look, runs, random.fork('different'));
      const mean = requests.reduce((sum, each) => sum + each, 0) / runs;
      if (horizon === Math.max(...HORIZONS)) met.push(better >= POWER * runs && mean <= fixed);
      note(
        `${controlRate} against ${variantRate}, ${minimumEffect === undefined ? 'no minimumEffect' : `minimumEffect ${minimumEffect.toFixed(2)}`}, at most ${horizon} x`,
        `power ${percent(better / runs)}, ${worse} worse, ${mean.toFixed(0)} requests in the mean, median ${median(requests)}`,
      );
    }
  }
  return met.every(Boolean);
}

/** Whether Thompson sampling misses less than a fixed split. */
function thompson(note: (name: string, text: string) => void, random: Random): boolean {
  const { runs, ...settings } = THOMPSON;
  const rates = [DIFFERENT.controlRate, DIFFERENT.variantRate];
  const reports = Array.from({ length: runs }, (_, run) =>
    runThompson({ rates, requests: REQUESTS, ...settings }, random.fork(`thompson ${run}`)),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / runs;
  const regret = mean(reports.map((report) => report.regret));
  const bestShares = reports.map(({ bestShare }) => bestShare);
  const split = (REQUESTS / 2) * (DIFFERENT.variantRate - DIFFERENT.controlRate);
  note(
    `Thompson sampling, ${REQUESTS} requests`,
    `${percent(mean(bestShares))} to the better variant, at least ${percent(Math.min(...bestShares))}; regret ${regret.toFixed(1)}, of a fixed split ${split.toFixed(1)}`,
  );
  return regret < split / 2;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

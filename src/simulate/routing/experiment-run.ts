import type { Random } from '../../base/random.ts';
import type { Difference } from '../../routing/statistics/difference-test.ts';
import { addOutcome, NO_OUTCOMES, type Outcomes } from '../../routing/statistics/outcomes.ts';

/** One experiment on requests whose outcome is 1 or 0, and how it is divided. */
export interface Experiment {
  /** Probability that the outcome of a request is 1. */
  readonly controlRate: number;
  readonly variantRate: number;
  /** Share of the requests that go to the variant. */
  readonly variantShare: number;
  /** The experiment ends after so many requests, decided or not. */
  readonly requests: number;
}

/** What a look at the outcomes says. */
export type Look = (control: Outcomes, variant: Outcomes) => Difference['result'];

/** How an experiment ended, and after how many requests. */
interface ExperimentEnd {
  readonly result: Difference['result'];
  readonly requests: number;
}

/** How many of some experiments ended with each result, and how many requests each of them took. */
export interface ExperimentTally {
  readonly better: number;
  readonly worse: number;
  readonly undecided: number;
  /** Ascending. */
  readonly requests: readonly number[];
}

/** Runs experiments that differ only by chance. */
export function runExperiments(
  experiment: Experiment,
  look: Look,
  runs: number,
  random: Random,
): ExperimentTally {
  const ends = Array.from({ length: runs }, (_, run) =>
    runExperiment(experiment, look, random.fork(String(run))),
  );
  const count = (wanted: Difference['result']) => ends.filter(({ result }) => result === wanted).length;
  return {
    ...{ better: count('better'), worse: count('worse'), undecided: count('undecided') },
    requests: ends.map(({ requests }) => requests).sort((a, b) => a - b),
  };
}

/** Sends requests until a look after one of them decides. */
function runExperiment(experiment: Experiment, look: Look, random: Random): ExperimentEnd {
  const { controlRate, variantRate, variantShare, requests } = experiment;
  let [control, variant] = [NO_OUTCOMES, NO_OUTCOMES];
  for (let sent = 1; sent <= requests; sent++) {
    if (random.unit() < variantShare) {
      variant = addOutcome(variant, random.unit() < variantRate ? 1 : 0);
    } else {
      control = addOutcome(control, random.unit() < controlRate ? 1 : 0);
    }
    const result = look(control, variant);
    if (result !== 'undecided') return { result, requests: sent };
  }
  return { result: 'undecided', requests };
}

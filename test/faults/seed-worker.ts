import { parentPort, workerData } from 'node:worker_threads';
import { planOf, runFaults } from '../../src/simulate/faults/fault-run.ts';
import type { Violation } from '../../src/simulate/faults/invariants.ts';

/** The seeds of one thread: every `step`th of `seeds`, starting with `from`. */
export interface SeedRange {
  readonly from: number;
  readonly seeds: number;
  readonly step: number;
}

/** A seed that broke a rule. */
export interface FailedSeed {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

const { from, seeds, step } = workerData as SeedRange;
const failed: FailedSeed[] = [];
for (let seed = from; seed < from + seeds; seed += step) {
  const { violations } = runFaults(planOf(seed));
  if (violations.length > 0) failed.push({ seed, violations });
}
parentPort?.postMessage(failed);

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { planOf, runFaults } from '../../src/simulate/faults/fault-run.ts';
import { shrink } from '../../src/simulate/faults/shrink.ts';
import type { FailedSeed, SeedRange } from './seed-worker.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, from: { type: 'string', default: '0' } },
});
const seeds = Number(values.seeds);
const from = Number(values.from);
if (!Number.isInteger(seeds) || !Number.isInteger(from) || seeds < 1 || from < 0) {
  console.error('usage: npm run faults -- --seeds N [--from S]');
  process.exit(2);
}

const WORKER = fileURLToPath(new URL('./seed-worker.js', import.meta.url));
const workers = Math.min(availableParallelism(), seeds);
const startedAt = performance.now();
const failed = (
  await Promise.all(
    Array.from({ length: workers }, async (_, index) =>
      runShare({ from: from + index, seeds: seeds - index, step: workers }),
    ),
  )
).flat();

for (const { seed, violations } of failed.sort((a, b) => a.seed - b.seed).slice(0, 5)) {
  console.log(`seed ${seed}:`);
  for (const { rule, detail } of violations.slice(0, 5)) console.log(`  broken: ${rule}\n    ${detail}`);
  console.log(`  alone: npm run faults -- --seeds 1 --from ${seed}`);
}
const first = failed[0];
if (first !== undefined) {
  const rule = first.violations[0]?.rule ?? '';
  const small = shrink(planOf(first.seed), rule);
  console.log(`the smallest run found that breaks '${rule}' (seed ${first.seed}):`);
  console.log(JSON.stringify(small, undefined, 1));
  console.log(runFaults(small).violations.slice(0, 3));
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
console.log(`${seeds} seeds from ${from}: ${failed.length} failed, ${seconds} s`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs every nth seed in a thread. */
async function runShare(range: SeedRange): Promise<FailedSeed[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: range });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

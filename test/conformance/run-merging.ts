import { parseArgs } from 'node:util';
import { runMerging } from './merging-run.ts';
import { summarize } from './merging-summary.ts';
import { missedQuantized, QUANTIZED_MODELS } from './quantized-starts.ts';

const { values } = parseArgs({
  options: {
    graphs: { type: 'string', default: '500' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    starts: { type: 'string', default: '100' },
  },
});
const [graphs, from, starts] = [Number(values.graphs), Number(values.from), Number(values.starts)];
if (![graphs, from, starts].every((each) => Number.isInteger(each) && each >= 0)) {
  console.error('usage: npm run merging -- [--graphs N] [--from N] [--seed S] [--starts N]');
  process.exit(2);
}
const PER_SERVER = 25;

const startedAt = performance.now();
const progress = process.stderr.isTTY ? () => process.stderr.write('.') : () => {};
const results = await runMerging({ seed: values.seed, graphs, from, perServer: PER_SERVER }, progress);
const { lines, passed, failed } = summarize(results);
console.log(lines.join('\n'));
let [found, missed] = [0, 0];
for (const kind of Object.keys(QUANTIZED_MODELS) as (keyof typeof QUANTIZED_MODELS)[]) {
  const merged = await missedQuantized(kind, starts, PER_SERVER);
  for (const each of merged) console.log(`FAIL ${kind}, ${each}`);
  console.log(`a model ${kind} was started ${starts} times and missed ${merged.length} times`);
  found += starts - merged.length;
  missed += merged.length;
}
console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${passed + found} passed, ${failed + missed} failed`);
process.exitCode = failed + missed === 0 ? 0 : 1;

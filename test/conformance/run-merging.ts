import { parseArgs } from 'node:util';
import { runMerging } from './merging-run.ts';
import { summarize } from './merging-summary.ts';
import { missedQuantized } from './quantized-starts.ts';

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
const missed = await missedQuantized(starts, PER_SERVER);
for (const each of missed) console.log(`FAIL quantized, ${each}`);
console.log(`a dynamically quantized model was started ${starts} times and missed ${missed.length} times`);
console.log(`${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${passed + starts - missed.length} passed, ${failed + missed.length} failed`);
process.exitCode = failed + missed.length === 0 ? 0 : 1;

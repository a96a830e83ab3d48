import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runMerging } from './merging-run.ts';
import { summarize } from './merging-summary.ts';
import { missedQuantized, QUANTIZED_MODELS } from './quantized-starts.ts';

const PER_SERVER = 30;

test('merged requests get the numbers that they get alone, and honest models are merged', async () => {
  const results = await runMerging({ seed: 'ci', graphs: 60, from: 0, perServer: PER_SERVER });
  const { lines, failed } = summarize(results);
  assert.equal(failed, 0, lines.join('\n'));
});

for (const kind of Object.keys(QUANTIZED_MODELS) as (keyof typeof QUANTIZED_MODELS)[]) {
  test(`every start detects that a model ${kind} depends on all rows`, async () => {
    assert.deepEqual(await missedQuantized(kind, 20, 20), []);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureOverload } from '../../bench/scenarios/overload.ts';

test('at twice the capacity at least as many answers are in time as with greedy batches', async (t) => {
  const result = await measureOverload((line) => t.diagnostic(line), {
    ...{ conditions: ['quiet'], loads: [2], contenders: ['ours', 'greedy'], rounds: 1, windowMs: 1_500 },
  });
  // Only the rule: how many there are depends on the machine.
  assert.ok(result.also.worstOverGreedyUpTo2 >= 0.95, JSON.stringify(result.also));
});

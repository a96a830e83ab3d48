import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak-run.ts';

test('a minute with all faults at once: well-behaved clients lose no request, and no resource grows', async () => {
  const { problems, trouble } = await soak(1, 'ci');
  assert.deepEqual(problems, []);
  assert.ok([...trouble.values()].every((times) => times > 0));
});

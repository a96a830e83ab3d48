import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak-run.ts';

test('a minute of everything at once: honest clients lose nothing, and nothing piles up', async () => {
  const { problems, trouble } = await soak(1, 'ci');
  assert.deepEqual(problems, []);
  assert.ok([...trouble.values()].every((times) => times > 0));
});

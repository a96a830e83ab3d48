import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convicts } from './conviction.ts';

test('only an end of its own making, a broken protocol or want of memory puts the blame on an input', () => {
  for (const cause of ['crash', 'protocol', 'out of memory'] as const) assert.ok(convicts(cause), cause);
  for (const cause of ['killed', 'watchdog', 'ended', 'left', 'not started'] as const)
    assert.ok(!convicts(cause), cause);
});

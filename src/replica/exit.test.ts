import assert from 'node:assert/strict';
import { test } from 'node:test';

import { causeOf, exitText } from './exit.ts';

for (const [code, signal, wasOutOfMemory, cause] of [
  [null, 'SIGSEGV', false, 'crash'],
  [null, 'SIGABRT', true, 'crash'],
  [3, null, false, 'crash'],
  [null, 'SIGKILL', true, 'out of memory'],
  [null, 'SIGKILL', false, 'killed'],
  [null, 'SIGTERM', true, 'killed'],
  [0, null, false, 'left'],
  [null, null, false, 'not started'],
] as const) {
  test(`code ${code}, signal ${signal}${wasOutOfMemory ? ' while memory ran out' : ''}: ${cause}`, () => {
    assert.equal(causeOf(code, signal, wasOutOfMemory), cause);
  });
}

test('an end in words', () => {
  const end = { code: null, signal: 'SIGKILL', detail: '' };
  assert.equal(exitText({ ...end, cause: 'out of memory' }), 'it was ended by SIGKILL, out of memory');
  assert.equal(
    exitText({ ...end, cause: 'watchdog' }),
    'it was ended by SIGKILL for a batch that ran too long',
  );
  assert.equal(exitText({ code: 3, signal: null, cause: 'crash', detail: 'x' }), 'it exited with code 3: x');
});

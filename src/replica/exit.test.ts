import assert from 'node:assert/strict';
import { test } from 'node:test';

import { causeOf, exitText } from './exit.ts';

const IDLE = { wasOutOfMemory: false, wasRunning: false, told: undefined } as const;
const RUNNING = { ...IDLE, wasRunning: true } as const;

for (const [what, facts, cause] of [
  ['SIGSEGV', { ...IDLE, code: null, signal: 'SIGSEGV' }, 'crash'],
  ['SIGABRT while memory ran out', { ...IDLE, code: null, signal: 'SIGABRT', wasOutOfMemory: true }, 'crash'],
  ['code 3', { ...IDLE, code: 3, signal: null }, 'crash'],
  ['code 0 in the middle of a batch', { ...RUNNING, code: 0, signal: null }, 'crash'],
  ['code 0 with nothing to do', { ...IDLE, code: 0, signal: null }, 'left'],
  [
    'SIGKILL while memory ran out',
    { ...IDLE, code: null, signal: 'SIGKILL', wasOutOfMemory: true },
    'out of memory',
  ],
  ['SIGKILL', { ...RUNNING, code: null, signal: 'SIGKILL' }, 'killed'],
  [
    'SIGKILL that it sent to itself',
    { ...RUNNING, code: null, signal: 'SIGKILL', told: 'by its batch' },
    'crash',
  ],
  ['SIGTERM', { ...IDLE, code: null, signal: 'SIGTERM', wasOutOfMemory: true }, 'killed'],
  [
    'code 1 for an error of another batch',
    { ...RUNNING, code: 1, signal: null, told: 'by other code' },
    'late error',
  ],
  [
    'code 0 from a timer of another batch',
    { ...RUNNING, code: 0, signal: null, told: 'by other code' },
    'late error',
  ],
  ['neither code nor signal', { ...IDLE, code: null, signal: null }, 'not started'],
] as const) {
  test(`${what}: ${cause}`, () => {
    assert.equal(causeOf(facts), cause);
  });
}

test('the text of an exit', () => {
  const end = { code: null, signal: 'SIGKILL', detail: '' };
  assert.equal(exitText({ ...end, cause: 'out of memory' }), 'it was ended by SIGKILL, out of memory');
  assert.equal(
    exitText({ ...end, cause: 'watchdog' }),
    'it was ended by SIGKILL because a batch ran too long',
  );
  assert.equal(exitText({ code: 3, signal: null, cause: 'crash', detail: 'x' }), 'it exited with code 3: x');
});

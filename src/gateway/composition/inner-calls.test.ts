import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composedWorld, textOf } from '../../../test/support/composed-world.ts';
import type { Refusal } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { DEFAULT_TENANT } from '../../work/entry.ts';

/** A world, and calls by a version that is not part of it. */
function setUp() {
  const world = composedWorld();
  const caller = world.calls.callerFor('caller/1');
  const call = (model: string, { deadline, timeoutMs }: { deadline?: number; timeoutMs?: number } = {}) => {
    const outcomes: (Answer | Refusal)[] = [];
    const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape: [1], data: bytesOf(new Uint8Array(1)) }];
    const cancel = caller.call(
      { model, inputs, parameters: { ignored: 1 }, timeoutMs },
      { deadline, tenant: DEFAULT_TENANT, priority: 0, requestId: 'r' },
      (outcome) => outcomes.push(outcome),
    );
    assert.equal(outcomes.length, 0, 'settled before the call returned');
    return { outcomes, cancel };
  };
  return { ...world, call };
}

test('a run of the server itself waits for a model that starts; a request does not', () => {
  const { clock, simulated, call } = setUp();
  simulated('a', 10, { load: () => ({ kind: 'loaded', afterMs: 500 }) });
  simulated('broken', 10, { load: () => ({ kind: 'failed', afterMs: 500, message: 'no such file' }) });
  const [warmup, other, given] = [call('a'), call('broken'), call('a')];
  const request = call('a', { deadline: 10_000 });
  given.cancel();
  clock.advance(100);
  assert.match(textOf(request.outcomes[0]), /^MODEL_STARTING/);
  assert.deepEqual([warmup.outcomes, other.outcomes], [[], []]);
  clock.advance(1_000);
  assert.equal(textOf(warmup.outcomes[0]), 'y');
  assert.match(textOf(other.outcomes[0]), /^MODEL_FAILED: .*no such file/);
  assert.deepEqual(given.outcomes, []);
});

test('a call ends at the earlier of its own timeout and the deadline of the request', () => {
  const { clock, simulated, call } = setUp();
  simulated('a', 100);
  clock.advance(50);
  const now = clock.now();
  const [short, late, passed] = [
    call('a', { deadline: now + 1_000, timeoutMs: 20 }),
    call('a', { deadline: now + 30, timeoutMs: 1_000 }),
    call('a', { deadline: now }),
  ];
  clock.advance(0);
  assert.match(
    textOf(passed.outcomes[0]),
    /^DEADLINE_RUNNING: the deadline of the request passed before the call/,
  );
  clock.advance(20);
  assert.match(textOf(short.outcomes[0]), /^DEADLINE_/);
  assert.deepEqual(late.outcomes, []);
  clock.advance(10);
  assert.match(textOf(late.outcomes[0]), /^DEADLINE_/);
});

test('an answer from the cache and a refusal come once, after the call', () => {
  const { clock, calls, simulated, call } = setUp();
  const { version } = simulated('a', 10, {}, { cache: { enabled: true } });
  clock.advance(50);
  const refused: string[] = [];
  calls.refused.on(({ refusal }) => refused.push(refusal.reason));
  const first = call('a', { deadline: 9_000 });
  clock.advance(100);
  const [again, unknown] = [call('a', { deadline: 9_000 }), call('b')];
  clock.advance(1);
  assert.deepEqual(
    [first, again].map(({ outcomes }) => outcomes.map(textOf)),
    [['y'], ['y']],
  );
  assert.equal(version.cache?.hits, 1);
  assert.match(textOf(unknown.outcomes[0]), /^MODEL_UNKNOWN/);
  assert.deepEqual(refused, ['MODEL_UNKNOWN']);
});

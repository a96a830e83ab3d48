import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryWith } from '../../../test/support/entries.ts';
import { refuse } from '../../base/errors.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { decodeReply, encodeCall } from '../wire/call-frames.ts';
import { KIND } from '../wire/wire.ts';
import { CallsUnderWay } from './calls-under-way.ts';

/** A frame of a call of the model `m`. */
function frameOf(batch: number, member: number) {
  const { meta } = encodeCall({ model: 'm', inputs: [], parameters: {}, timeoutMs: undefined });
  const header = { kind: KIND.CALL, flags: 0, slot: 0, incarnation: 1 };
  return { ...header, batch, member, meta: Buffer.from(meta), payload: segmentsOf() };
}

function setUp(hasCaller = true) {
  const replies: string[] = [];
  const made: { readonly deadline: number | undefined; settle: (reason: 'QUEUE_FULL') => void }[] = [];
  let cancelled = 0;
  const caller: ModelCaller = {
    call: (_call, { deadline }, onSettled) => {
      made.push({ deadline, settle: (reason) => onSettled(refuse(reason, '')) });
      return () => {
        cancelled += 1;
      };
    },
  };
  const calls = new CallsUnderWay(hasCaller ? caller : undefined, ({ member, meta, flags }) => {
    const outcome = decodeReply(Buffer.from(meta), segmentsOf(), flags);
    replies.push(`${member} ${'reason' in outcome ? outcome.reason : 'ok'}`);
  });
  return { calls, replies, made, cancelled: () => cancelled };
}

test('a call has the latest deadline of the requests that still wait for its batch, and those that wait with them', () => {
  const { calls, made, replies } = setUp();
  const [early, late, gone] = [10, 20, 30].map((deadline, id) => entryWith({ id, deadline }));
  assert.ok(early !== undefined && late !== undefined && gone !== undefined);
  gone.settle(refuse('CANCELLED', ''));
  calls.read(frameOf(1, 1), [early, late, gone])();
  const follower = entryWith({ id: 9, deadline: 25 });
  late.followers = [follower];
  calls.read(frameOf(1, 2), [early, late, gone])();
  // Its caller has left, and the equal request that waited with it takes its place.
  late.settle(refuse('CANCELLED', ''));
  late.leader = follower;
  calls.read(frameOf(1, 3), [early, late, gone])();
  assert.deepEqual(
    made.map(({ deadline }) => deadline),
    [20, 25, 25],
  );
  made[1]?.settle('QUEUE_FULL');
  assert.deepEqual(replies, ['2 QUEUE_FULL']);
});

test('calls end with the last request of their batch, with the batch, and with the replica', () => {
  const { calls, made, replies, cancelled } = setUp();
  const [one, other] = [entryWith({ id: 1 }), entryWith({ id: 2 })];
  for (const [batch, id] of [
    [1, 1],
    [2, 2],
    [3, 3],
  ] as const)
    calls.read(frameOf(batch, id), [one, other])();
  one.settle(refuse('CANCELLED', ''));
  calls.left(1, [one, other]);
  assert.equal(cancelled(), 0);
  other.settle(refuse('CANCELLED', ''));
  calls.left(1, [one, other]);
  assert.deepEqual([cancelled(), replies], [1, ['1 CANCELLED']]);
  calls.ended(2);
  assert.equal(cancelled(), 2);
  calls.end();
  assert.deepEqual([cancelled(), replies.length, made.length], [3, 1, 3]);
});

test('a call that cannot be made is refused, and one with a number that is in use breaks the protocol', () => {
  const waiting = [entryWith({ id: 1 })];
  const without = setUp(false);
  without.calls.read(frameOf(1, 1), waiting)();
  assert.deepEqual(without.replies, ['1 MODEL_ERROR']);
  const { calls, replies } = setUp();
  calls.read(frameOf(1, 1), undefined)();
  assert.deepEqual(replies, ['1 CANCELLED']);
  for (let id = 0; id < 1024; id++) calls.read(frameOf(1, id), waiting)();
  assert.throws(() => calls.read(frameOf(1, 7), waiting), /call 7 is under way already/);
  calls.read(frameOf(1, 5000), waiting)();
  assert.equal(replies.at(-1), '5000 QUEUE_FULL');
});

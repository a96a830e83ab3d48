import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRefusal, type Refusal } from '../../base/errors.ts';
import type { ArrivingCall } from '../../gateway/arriving-call.ts';
import { BodyBudget } from '../../gateway/body-budget.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { IncomingBody } from './body.ts';

const MEBIBYTE = 1024 * 1024;
const OWNER = { giveWay: () => {} };
const exchange = { stopReading: () => {} } as unknown as HttpExchange;

/** A body of chunks of a mebibyte, while others hold `heldBytes`. */
function bodyOf(chunks: readonly Uint8Array[], heldBytes: number): Segments {
  const budget = new BodyBudget({ maxBytes: 100 * MEBIBYTE, share: 1 });
  budget.open('other', OWNER).cover(heldBytes);
  const admission = { maxBodyBytes: 100 * MEBIBYTE, encoding: 'identity' };
  const call = { admission, reservation: budget.open('holder', OWNER) } as unknown as ArrivingCall;
  let read: Segments | Refusal | undefined;
  const body = new IncomingBody(exchange, call, (it) => {
    read = it;
  });
  for (const chunk of chunks) body.data(chunk);
  body.end();
  assert.ok(read !== undefined && !isRefusal(read));
  return read;
}

const chunks = Array.from({ length: 5 }, (_, index) => new Uint8Array(MEBIBYTE).fill(index));

test('a large body is not copied while the server holds few bytes of bodies', () => {
  const { chunks: kept, byteLength } = bodyOf(chunks, 20 * MEBIBYTE);
  assert.equal(byteLength, 5 * MEBIBYTE);
  assert.deepEqual(
    kept.map(({ buffer }) => buffer),
    chunks.map(({ buffer }) => buffer),
  );
});

test('a large body is gathered in memory of its own while the server holds many', () => {
  const { chunks: kept } = bodyOf(chunks, 40 * MEBIBYTE);
  assert.ok(kept.every(({ buffer }) => chunks.every((chunk) => chunk.buffer !== buffer)));
  assert.ok(Buffer.concat(kept).equals(Buffer.concat(chunks)));
});

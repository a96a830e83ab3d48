import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyBlocks } from './body-blocks.ts';

test('the added bytes are returned in order, in blocks that own their memory', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000_000), { maxLength: 6 }), (sizes) => {
      const blocks = new BodyBlocks();
      const chunks = sizes.map((size, index) => Buffer.alloc(size, index + 1));
      for (const chunk of chunks) blocks.add(chunk);
      const taken = blocks.take();
      assert.ok(Buffer.concat(taken).equals(Buffer.concat(chunks)));
      for (const block of taken) assert.equal(block.byteLength, block.buffer.byteLength);
    }),
    { numRuns: 30 },
  );
});

test('freed memory is released at once', () => {
  const blocks = new BodyBlocks();
  blocks.add(Buffer.alloc(10_000_000, 1));
  const [first] = blocks.take();
  blocks.free();
  assert.equal(first?.byteLength, 0);
});

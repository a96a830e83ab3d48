import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { giveBack } from './give-back.ts';

test('bytes of any number are delivered again in their order, in pieces of at most 4 KiB, before what follows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20_000 }), (length) => {
      const socket = new Socket();
      const bytes = Buffer.from(Array.from({ length }, (_, index) => index % 251));
      socket.push(Buffer.from('what follows'));
      giveBack(socket, bytes);
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      for (
        let chunk = socket.read() as Buffer | null;
        chunk !== null;
        chunk = socket.read() as Buffer | null
      );
      assert.deepEqual(Buffer.concat(chunks), Buffer.concat([bytes, Buffer.from('what follows')]));
      assert.ok(chunks.every(({ byteLength }) => byteLength <= 4096));
      socket.destroy();
    }),
    { numRuns: 50 },
  );
});

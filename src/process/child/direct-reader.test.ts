import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { segmentsOf } from '../../tensor/segments.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import { KIND } from '../wire/wire.ts';
import { DirectReader, writeDirectly } from './direct-reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-direct-'));
after(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, 'pipe');

const body = fc.record({
  meta: fc.uint8Array({ maxLength: 40 }),
  // Sometimes larger than the first memory of the reader.
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat(600_000).map((length) => new Uint8Array(length).fill(7)),
  ),
});

test('frames are read as they were written, aligned, until the pipe is closed', () => {
  fc.assert(
    fc.property(fc.array(body, { maxLength: 6 }), fc.nat(40), (bodies, missing) => {
      const encoder = new FrameEncoder();
      for (const [index, { meta, payload }] of bodies.entries()) {
        const header = { kind: KIND.RUN, flags: 0, slot: 0, incarnation: 1, batch: index, member: 0 };
        encoder.add(header, meta, [segmentsOf(payload)]);
      }
      const written = openSync(FILE, 'w');
      writeDirectly(written, encoder.finish());
      closeSync(written);
      const bytes = readFileSync(FILE);
      writeFileSync(FILE, bytes.subarray(0, Math.max(0, bytes.byteLength - missing)));
      const descriptor = openSync(FILE, 'r');
      const reader = new DirectReader(descriptor);
      const whole = missing === 0 ? bodies : bodies.slice(0, -1);
      for (const [index, { meta, payload }] of whole.entries()) {
        const frame = reader.next();
        // A frame of at most 40 bytes may be missing as a whole, with the end of the one before.
        if (frame === undefined && missing > 0) break;
        assert.equal(frame?.batch, index);
        assert.deepEqual(new Uint8Array(frame.meta), meta);
        assert.equal(frame.payload.byteOffset % 8, 0);
        assert.ok(Buffer.from(payload).equals(frame.payload.subarray(0, payload.byteLength)));
        assert.ok(frame.payload.byteLength - payload.byteLength < 8);
      }
      if (missing === 0 || whole.length === 0) assert.equal(reader.next(), undefined);
      closeSync(descriptor);
    }),
    { numRuns: 60 },
  );
});

test('bytes that are no frame are an error', () => {
  writeFileSync(FILE, Buffer.alloc(64, 0x41));
  const descriptor = openSync(FILE, 'r');
  assert.throws(() => new DirectReader(descriptor).next(), /not a frame header/);
  closeSync(descriptor);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Parameter } from '../../model/inference.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { encodeBytesElements } from '../../tensor/bytes-elements.ts';
import { DATATYPE_NAMES, elementBytes } from '../../tensor/datatype.ts';
import { flatten, segmentsOf } from '../../tensor/segments.ts';
import { elementCount, type Tensor } from '../../tensor/tensor.ts';
import { decodeAnswer, decodeRun, encodeAnswer, encodeRun } from './batch-frames.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { FrameReader } from './frame-reader.ts';
import { type Frame, HEADER_BYTES, KIND } from './wire.ts';

const header = { kind: KIND.RUN, flags: 1, slot: 2, incarnation: 3, batch: 4, member: 5 };

function bytesOfFrames(bodies: readonly { meta: Uint8Array; payload: Uint8Array }[]): Uint8Array {
  const encoder = new FrameEncoder();
  bodies.forEach(({ meta, payload }, index) => {
    encoder.add({ ...header, batch: index }, meta, [segmentsOf(payload)]);
  });
  return flatten(segmentsOf(...encoder.finish()));
}

const bodies = fc.array(
  fc.record({
    meta: fc.uint8Array({ maxLength: 40 }),
    payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 4000, maxLength: 9000 })),
  }),
  { minLength: 1, maxLength: 5 },
);

test('frames survive a round trip in any chunks', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(), { maxLength: 8 }), (sent, cuts) => {
      const bytes = bytesOfFrames(sent);
      const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
      const reader = new FrameReader();
      const frames: Frame[] = [];
      at.slice(1).forEach((end, index) => {
        assert.equal(
          reader.push(Buffer.from(bytes.slice(at[index], end)), (frame) => frames.push(frame)),
          undefined,
        );
      });
      assert.deepEqual(
        frames.map(({ batch }) => batch),
        sent.map((_, index) => index),
      );
      frames.forEach((frame, index) => {
        const { meta, payload } = sent[index] as { meta: Uint8Array; payload: Uint8Array };
        assert.deepEqual([...frame.meta], [...meta]);
        assert.deepEqual([...flatten(frame.payload).subarray(0, payload.length)], [...payload]);
        assert.deepEqual(
          [frame.kind, frame.flags, frame.slot, frame.incarnation, frame.member],
          [KIND.RUN, 1, 2, 3, 5],
        );
      });
    }),
  );
});

test('every payload begins at a multiple of eight bytes', () => {
  const encoder = new FrameEncoder();
  encoder.add(header, new Uint8Array(3), [
    segmentsOf(new Uint8Array(5).fill(7)),
    segmentsOf(new Uint8Array(1).fill(9)),
  ]);
  const bytes = flatten(segmentsOf(...encoder.finish()));
  assert.equal(bytes.indexOf(7) % 8, 0);
  assert.equal(bytes.indexOf(9) % 8, 0);
});

test('garbage, unknown kinds and false lengths end the stream with a reason', () => {
  const good = bytesOfFrames([{ meta: new Uint8Array(8), payload: new Uint8Array(0) }]);
  const broken = (change: (bytes: Buffer) => void): string | undefined => {
    const bytes = Buffer.from(good);
    change(bytes);
    return new FrameReader().push(bytes, () => assert.fail('a frame was reported'));
  };
  assert.match(broken((bytes) => bytes.fill('log line')) ?? '', /not a frame header/);
  assert.match(broken((bytes) => bytes.writeUInt8(99, 8)) ?? '', /unknown frame kind 99/);
  assert.match(broken((bytes) => bytes.writeUInt32LE(0xffffffff, 4)) ?? '', /the limit is/);
  assert.match(broken((bytes) => bytes.writeUInt32LE(9, 24)) ?? '', /longer than its body/);
});

test('random bytes never make the reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: HEADER_BYTES, maxLength: 200 }), (bytes) => {
      new FrameReader().push(Buffer.from(bytes), () => {});
    }),
  );
});

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const rowTensors = fc
  .array(fc.tuple(fc.constantFrom(...DATATYPE_NAMES), shapes), { minLength: 1, maxLength: 3 })
  .map((specs) =>
    specs.map(([datatype, shape], index): TensorMetadata => ({ name: `t${index}`, datatype, shape })),
  );

function tensorOf(
  { name, datatype, shape: rowShape }: TensorMetadata,
  rows: number,
  fillWith: number,
): Tensor {
  const shape = [rows, ...rowShape];
  const count = elementCount(shape);
  const data =
    datatype === 'BYTES'
      ? encodeBytesElements(Array.from({ length: count }, (_, at) => Buffer.from(`${fillWith}:${at}`)))
      : segmentsOf(new Uint8Array(count * elementBytes(datatype)).fill(fillWith));
  return { name, datatype, shape, data };
}

test('a batch survives a round trip: rows of all members, gathered per input, with parameters', () => {
  const digits = fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n });
  const values = fc.oneof(fc.boolean(), fc.double(), digits, fc.jsonValue() as fc.Arbitrary<Parameter>);
  const parameters = fc.dictionary(fc.string(), values);
  const rows = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rowTensors, rows, parameters, (specs, memberRows, given) => {
      const members = memberRows.map((count, index) => ({
        rows: count,
        lane: '',
        request: {
          id: '',
          inputs: specs.map((spec) => tensorOf(spec, count, index + 1)),
          parameters: given,
          timeoutMs: undefined,
          priority: 0,
        },
      }));
      const { meta, payloads } = encodeRun({ id: 1, members, rows: memberRows.reduce((a, b) => a + b) });
      const frames = sendThrough(meta, payloads);
      const run = decodeRun(Buffer.from(frames.meta), frames.payload, specs);
      assert.deepEqual(run.memberRows, memberRows);
      assert.deepStrictEqual(Object.entries(run.parameters), Object.entries(given));
      run.inputs.forEach((input, index) => {
        const parts = members.map((member) => member.request.inputs[index] as Tensor);
        assert.equal(
          input.shape[0],
          memberRows.reduce((a, b) => a + b),
        );
        assert.deepEqual(
          [...flatten(input.data)],
          parts.flatMap((part) => [...flatten(part.data)]),
        );
      });
    }),
  );
});

function sendThrough(meta: Uint8Array, payloads: Parameters<FrameEncoder['add']>[2]): Frame {
  const encoder = new FrameEncoder();
  encoder.add(header, meta, payloads);
  const frames: Frame[] = [];
  new FrameReader().push(Buffer.concat(encoder.finish()), (frame) => frames.push(frame));
  return frames[0] as Frame;
}

test('an answer that does not match the model is an error', () => {
  const specs: TensorMetadata[] = [{ name: 'y', datatype: 'FP32', shape: [-1] }];
  const { meta, payloads } = encodeAnswer([tensorOf({ name: 'y', datatype: 'FP32', shape: [] }, 2, 1)]);
  const frame = sendThrough(meta, payloads);
  assert.equal(decodeAnswer(Buffer.from(frame.meta), frame.payload, specs)[0]?.data.byteLength, 8);
  assert.throws(() => decodeAnswer(Buffer.from(frame.meta), frame.payload, []), RangeError);
  const lying = Buffer.from(frame.meta);
  lying.writeDoubleLE(1e9, 16);
  assert.throws(() => decodeAnswer(lying, frame.payload, specs), RangeError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { refuse } from '../../base/errors.ts';
import { flatten, joinSegments, segmentsOf } from '../../tensor/segments.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { decodeCall, decodeReply, encodeCall, encodeReply, refusalIn } from './call-frames.ts';
import { padding } from './wire.ts';

/** The payload of a frame: every part is padded. */
function payloadOf(payloads: ReturnType<typeof encodeCall>['payloads']) {
  return joinSegments(
    payloads.flatMap((part) => [part, segmentsOf(new Uint8Array(padding(part.byteLength)))]),
  );
}

const tensors = fc.array(
  fc.record({ name: fc.string(), values: fc.array(fc.float({ noNaN: true }), { maxLength: 5 }) }),
  { maxLength: 4 },
);

test('a call and its answer arrive as they were sent', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      tensors,
      fc.dictionary(fc.string(), fc.string()),
      (model, given, parameters) => {
        const inputs = given.map(({ name, values }) => {
          return {
            name,
            datatype: 'FP32' as const,
            shape: [values.length],
            data: bytesOf(Float32Array.from(values)),
          };
        });
        for (const timeoutMs of [undefined, 12.5]) {
          const { meta, payloads } = encodeCall({ model, inputs, parameters, timeoutMs });
          const call = decodeCall({ meta: Buffer.from(meta), payload: payloadOf(payloads) });
          assert.deepEqual(
            [call.model, { ...call.parameters }, call.timeoutMs],
            [model, { ...parameters }, timeoutMs],
          );
          assert.deepEqual(
            call.inputs.map(({ name, shape, data }) => [name, shape, [...flatten(data)]]),
            inputs.map(({ name, shape, data }) => [name, shape, [...flatten(data)]]),
          );
        }
        const reply = encodeReply({ outputs: inputs });
        const outputs = decodeReply(Buffer.from(reply.meta), payloadOf(reply.payloads), reply.flags);
        assert.ok(Array.isArray(outputs));
        assert.deepEqual(
          outputs.map(({ name }) => name),
          inputs.map(({ name }) => name),
        );
      },
    ),
  );
});

test('a refusal keeps its reason and its message', () => {
  const refusal = refuse('QUEUE_FULL', 'no room: try again');
  const { meta, flags } = encodeReply(refusal);
  assert.deepEqual(decodeReply(Buffer.from(meta), segmentsOf(), flags), refusal);
  assert.throws(() => refusalIn('NO_REASON at all'), /'NO_REASON' is not the reason of a refusal/);
});

test('a call of any other bytes is refused, never read past its end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 50 }), (meta, data) => {
      try {
        decodeCall({ meta: Buffer.from(meta), payload: segmentsOf(data) });
      } catch (caught) {
        assert.ok(
          caught instanceof RangeError ||
            caught instanceof SyntaxError ||
            (caught as { code?: string }).code !== undefined,
          String(caught),
        );
      }
    }),
  );
  const { meta } = encodeCall({ model: 'm', inputs: [], parameters: {}, timeoutMs: undefined });
  const late = Buffer.from(meta);
  late.writeDoubleLE(-1, 8);
  assert.throws(() => decodeCall({ meta: late, payload: segmentsOf() }), /-1 is not a timeout/);
  const many = Buffer.from(meta);
  many.writeUInt32LE(5000, many.byteLength - 8);
  assert.throws(() => decodeCall({ meta: many, payload: segmentsOf() }), /5000 tensors, the limit is 1024/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseExactJson, writeExactJson } from '../../tensor/exact-json.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { parseOipHead } from './oip-head.ts';

const INPUT = { name: 'x', datatype: 'FP32', shape: [1], data: [1] };

function head(text: string) {
  return parseOipHead(segmentsOf(Buffer.from(text)));
}

function headOf(request: object) {
  return head(JSON.stringify({ inputs: [INPUT], ...request }));
}

test('null means that a member is not set, for every member', () => {
  const nulls = {
    id: null,
    parameters: { timeout: null, priority: null, binary_data_output: null, mine: null },
    outputs: [
      { name: 'y', parameters: { binary_data: null, classification: null, shared_memory_region: null } },
    ],
    inputs: [{ ...INPUT, parameters: { binary_data_size: null, shared_memory_region: null } }],
  };
  const read = headOf(nulls);
  assert.deepEqual([read.id, read.parameters, read.timeoutMs, read.priority], ['', {}, undefined, 0]);
  assert.deepEqual(read.outputs, [{ name: 'y', isBinary: false }]);
  assert.equal(headOf({ outputs: null, parameters: null }).outputs, undefined);
  assert.equal(
    headOf({ inputs: [{ ...INPUT, parameters: null }], outputs: [{ name: 'y', parameters: null }] }).inputs
      .length,
    1,
  );
  for (const [change, words] of [
    [{ shape: null }, /shape is missing/],
    [{ datatype: null }, /datatype is missing/],
    [{ name: null }, /name of an input is missing/],
    [{ data: null }, /data is missing/],
  ] as const) {
    assert.throws(() => headOf({ inputs: [{ ...INPUT, ...change }] }), words);
  }
  assert.throws(() => headOf({ inputs: null }), /'inputs' is missing/);
});

test('parameters may be any JSON, with all digits kept', () => {
  const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => value !== null);
  const integers = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
  const wanted = fc.dictionary(
    fc.string().filter((name) => !/^(triton_|timeout$|priority$|binary_data)/.test(name)),
    fc.oneof(json, integers),
  );
  fc.assert(
    fc.property(wanted, (parameters) => {
      const text = writeExactJson({ inputs: [INPUT], parameters });
      // A number that a double represents exactly is read as a number.
      assert.deepEqual(head(text).parameters, parseExactJson(writeExactJson(parameters)));
    }),
  );
});

test('names reserved by Triton are ignored', () => {
  const { parameters } = headOf({
    parameters: { triton_enable_empty_final_response: false, mine: [1, { a: null }] },
  });
  assert.deepEqual(parameters, { mine: [1, { a: null }] });
});

test('64-bit integers are accepted for a timeout, a priority and a sequence', () => {
  const { timeoutMs, priority, parameters } = head(
    `{"inputs":[${JSON.stringify(INPUT)}],"parameters":{"timeout":18446744073709551615,"priority":18446744073709551616,"sequence_id":9223372036854775808}}`,
  );
  assert.equal(timeoutMs, undefined);
  assert.equal(priority, Number.MAX_SAFE_INTEGER);
  assert.deepEqual(parameters, { sequence_id: 2n ** 63n });
  assert.equal(headOf({ parameters: { timeout: 1500 } }).timeoutMs, 1.5);
  for (const bad of [-1, 1.5, 'soon', true, [], {}]) {
    assert.throws(() => headOf({ parameters: { timeout: bad } }), /'timeout' is .*, wanted a whole number/);
    assert.throws(() => headOf({ parameters: { priority: bad } }), /'priority' is .*, wanted a whole number/);
  }
});

test('a value other than true or false is refused where a boolean is wanted', () => {
  assert.throws(
    () => headOf({ parameters: { binary_data_output: 'true' } }),
    /'binary_data_output' is "true", wanted true or false/,
  );
  assert.throws(
    () => headOf({ outputs: [{ name: 'y', parameters: { binary_data: 1 } }] }),
    /output 'y': parameter 'binary_data' is 1, wanted true or false/,
  );
});

test('shared memory is refused for outputs and inputs', () => {
  const parameters = { shared_memory_region: 'r', shared_memory_byte_size: 4 };
  assert.throws(
    () => headOf({ outputs: [{ name: 'y', parameters }] }),
    /output 'y': shared memory is not supported/,
  );
  assert.throws(
    () => headOf({ inputs: [{ ...INPUT, parameters }] }),
    /input 'x': shared memory is not supported/,
  );
});

test('a size beyond 2^53 is reported as too large, not as an invalid number', () => {
  const input = '{"name":"x","datatype":"FP32","data":[],"shape":[SIZE]}';
  for (const size of ['9007199254740993', '1e20', '18446744073709551616']) {
    assert.throws(() => head(`{"inputs":[${input.replace('SIZE', size)}]}`), /which is too large/, size);
  }
  for (const size of ['-9007199254740993', '1.5', '"1"']) {
    assert.throws(
      () => head(`{"inputs":[${input.replace('SIZE', size)}]}`),
      /is not a whole number of at least 0/,
      size,
    );
  }
});

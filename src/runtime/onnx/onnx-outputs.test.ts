import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesOf, type Tensor, typedArrayOf } from '../../tensor/tensor.ts';
import { loadOnnx } from './onnx-runtime.ts';

const FIELD = fileURLToPath(new URL('../../../../test/conformance/field', import.meta.url));

/** Runs a conformance model on rows of numbers. Returns its outputs and its warnings. */
async function run(context: TestContext, file: string, rows: readonly (readonly number[])[]) {
  const warn = context.mock.method(console, 'warn', () => {});
  const runtime = await loadOnnx({ runtime: 'onnx', file: join(FIELD, file), threads: 1, device: 'cpu' });
  try {
    const [input] = runtime.metadata.inputs;
    const outputs = await runtime.run(
      [
        {
          name: input?.name ?? '',
          datatype: 'FP32',
          shape: [rows.length, rows[0]?.length ?? 0],
          data: bytesOf(Float32Array.from(rows.flat())),
        },
      ],
      {
        rows: rows.length,
        parameters: {},
        refuseRow() {},
        isPractice: false,
        refuseInput() {},
        ask: async () => [],
      },
    );
    const warnings = warn.mock.calls.map(({ arguments: [text] }) => String(text));
    return { metadata: runtime.metadata, outputs, warnings };
  } finally {
    warn.mock.restore();
    await runtime.unload();
  }
}

function valuesOf(output: Tensor | undefined): number[] {
  return output === undefined ? [] : [...(typedArrayOf('FP32', output.data) as Float32Array)];
}

// Results of scikit-learn for the first two rows of the iris data.
const IRIS = [
  [5.1, 3.5, 1.4, 0.2],
  [4.9, 3, 1.4, 0.2],
];
for (const [file, wanted] of [
  ['text', [0.9847031, 0.0152968, 6.2037692e-8, 0.943549, 0.0564506, 3.8706659e-7]],
  ['forest', [1, 0, 0, 1, 0, 0]],
  ['minus', [0.9840757, 0.0159243, 0.9773064, 0.0226937]],
] as const) {
  test(`a scikit-learn classifier exported with the defaults returns label and probabilities: ${file}`, async (t) => {
    const { metadata, outputs, warnings } = await run(t, `zipmap/${file}.onnx`, IRIS);
    const columns = wanted.length / 2;
    assert.deepEqual(
      metadata.outputs.map(({ name, shape }) => [name, shape]),
      [
        ['output_label', [-1]],
        ['output_probability', [-1, columns]],
      ],
    );
    assert.deepEqual(outputs[1]?.shape, [2, columns]);
    const values = valuesOf(outputs[1]);
    values.forEach((value, index) => {
      assert.ok(Math.abs(value - (wanted[index] ?? Number.NaN)) < 1e-4, `${value} ${wanted[index]}`);
    });
    assert.match(warnings.join('\n'), /output 'output_probability' is a list of dictionaries \(ZipMap\)/);
    assert.match(warnings.join('\n'), /options=\{id\(model\): \{'zipmap': False\}\}/);
  });
}

test('the example classifier of onnxruntime can be served', async (t) => {
  const { outputs } = await run(t, 'zipmap/logreg_iris.onnx', [
    [5.1, 3.5],
    [6.3, 2.5],
    [5.9, 3],
  ]);
  assert.deepEqual(
    outputs.map(({ shape }) => shape),
    [[3], [3, 3]],
  );
});

test('a model that is only a ZipMap, and one with external weights, can be served', async (t) => {
  const alone = await run(t, 'outputs/only-zipmap.onnx', [[1, 2]]);
  assert.deepEqual(valuesOf(alone.outputs[0]), [1, 2]);
  const beside = await run(t, 'outputs/weights-beside.onnx', [[1, 1]]);
  assert.deepEqual(valuesOf(beside.outputs[0]), [4, 6]);
});

test('an output that is not a tensor is omitted by name while others are served', async (t) => {
  const { metadata, outputs, warnings } = await run(t, 'outputs/beside-tensor.onnx', [[1, 2]]);
  assert.deepEqual(
    metadata.outputs.map(({ name }) => name),
    ['y'],
  );
  assert.deepEqual(valuesOf(outputs[0]), [-1, -2]);
  assert.match(
    warnings.join('\n'),
    /output 'pieces' is a sequence, which the protocol cannot carry; the output is omitted/,
  );
});

test('a model without a tensor output is refused with the types of its outputs and the fix', async (t) => {
  await assert.rejects(
    run(t, 'outputs/sequence-only.onnx', [[1, 2]]),
    /output 'pieces' is a sequence, which the protocol cannot carry; export it as a tensor/,
  );
});

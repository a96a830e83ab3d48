import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type OnnxGraph, type OnnxNode, writeOnnx } from './onnx-writer.ts';

const relu: OnnxNode = { opType: 'Relu', inputs: ['sum'], outputs: ['y'] };

function graphEndingIn(lastNode: OnnxNode): OnnxGraph {
  return {
    name: 'small',
    inputs: [{ name: 'x', datatype: 'FP32', dims: ['batch', 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', dims: ['batch', 3] }],
    nodes: [
      { opType: 'MatMul', inputs: ['x', 'weights'], outputs: ['product'] },
      { opType: 'Add', inputs: ['product', 'bias'], outputs: ['sum'] },
      lastNode,
    ],
    initializers: [
      { name: 'weights', shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      { name: 'bias', shape: [3], values: Float32Array.of(0.5, 0, -20) },
    ],
  };
}

async function run(graph: OnnxGraph, rows: readonly (readonly number[])[]): Promise<unknown> {
  const session = await InferenceSession.create(writeOnnx(graph));
  const x = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, 2]);
  const { y } = await session.run({ x });
  await session.release();
  return { dims: y?.dims, data: Array.from(y?.data as Float32Array) };
}

test('a written graph computes the correct numbers for one row', async () => {
  assert.deepEqual(await run(graphEndingIn(relu), [[1, 1]]), { dims: [1, 3], data: [5.5, 7, 0] });
});

test('a symbolic dimension accepts any number of rows', async () => {
  const rows = [
    [1, 1],
    [0, 0],
    [-1, 4],
  ];
  assert.deepEqual(await run(graphEndingIn(relu), rows), {
    dims: [3, 3],
    data: [5.5, 7, 0, 0.5, 0, 0, 15.5, 18, 1],
  });
});

test('attributes reach the operator: negative ints and floats', async () => {
  const leaky: OnnxNode = { ...relu, opType: 'LeakyRelu', attributes: { alpha: { float: 0.5 } } };
  assert.deepEqual(await run(graphEndingIn(leaky), [[1, 1]]), { dims: [1, 3], data: [5.5, 7, -5.5] });

  const hardmax: OnnxNode = { ...relu, opType: 'Hardmax', attributes: { axis: { int: -1 } } };
  assert.deepEqual(await run(graphEndingIn(hardmax), [[1, 1]]), { dims: [1, 3], data: [0, 1, 0] });
});

test('lists of ints, and int64 constants, reach the operator', async () => {
  const reshape: OnnxNode = { opType: 'Reshape', inputs: ['sum', 'shape'], outputs: ['column'] };
  const transpose: OnnxNode = {
    opType: 'Transpose',
    inputs: ['column'],
    outputs: ['y'],
    attributes: { perm: { ints: [1, 0] } },
  };
  const graph = graphEndingIn(reshape);
  const transposed: OnnxGraph = {
    ...graph,
    nodes: [...graph.nodes, transpose],
    initializers: [...graph.initializers, { name: 'shape', shape: [2], values: BigInt64Array.of(-1n, 1n) }],
  };
  assert.deepEqual(await run(transposed, [[1, 1]]), { dims: [1, 3], data: [5.5, 7, -11] });
});

test('the datatype and the symbolic dimension are read back as written', async () => {
  const session = await InferenceSession.create(writeOnnx(graphEndingIn(relu)));
  assert.deepEqual(session.inputMetadata[0], {
    name: 'x',
    isTensor: true,
    type: 'float32',
    shape: ['batch', 2],
  });
  await session.release();
});

test('an initializer whose values do not fill its shape is refused', () => {
  const graph = graphEndingIn(relu);
  const short = { name: 'weights', shape: [2, 3], values: new Float32Array(5) };
  assert.throws(
    () => writeOnnx({ ...graph, initializers: [short] }),
    /has 5 values, wanted 6 for the shape \[2,3\]/,
  );
});

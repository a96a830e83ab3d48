import assert from 'node:assert/strict';
import { test } from 'node:test';
import { giveDifferentAnswers } from '../support/onnx/different-answers.ts';
import { provenGraph } from '../support/onnx/proven-graph.ts';

const GRAPHS = 200;

test('random graphs load, and onnxruntime confirms whether their rows are independent', async () => {
  const operators = new Set<string>();
  const types = new Set<string>();
  for (let index = 0; index < GRAPHS; index++) {
    const graph = await provenGraph(`graphs/${index}`, index % 2 === 0);
    for (const operator of graph.operators) operators.add(operator);
    for (const { type } of graph.inputs) types.add(type);
  }
  assert.ok(operators.size >= 40, `only ${operators.size} operators: ${[...operators].join(', ')}`);
  assert.equal(types.size, 12, [...types].join(', '));
});

test('an honest graph gives different rows different answers', async () => {
  // Drawn before as a sum of centred values, a softmax of one feature and a truth value of large numbers.
  for (const seed of ['2-8', '2-102', '2-368', '2-444']) {
    const { requests, alone } = await provenGraph(seed, true);
    assert.ok(giveDifferentAnswers(requests, alone), seed);
  }
});

test('a seed always gives the same graph and the same requests', async () => {
  const [first, second] = [await provenGraph('same', false), await provenGraph('same', false)];
  assert.deepEqual(second.bytes, first.bytes);
  assert.deepEqual(second.requests, first.requests);
});

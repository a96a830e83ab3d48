import type { Random } from '../../../src/base/random.ts';
import { spread } from './chance.ts';
import { GraphBuilder, LENGTH, ROWS, type Value } from './graph-builder.ts';
import { elementwise } from './graph-step.ts';

const VOCABULARY = 12;
const WIDTH = 8;
const LEVELS = 127;

/**
 * An embedder of ids that is quantized by the largest number of its batch, written with ordinary operators: only its
 * numbers show it. Which id has the largest embedding, and by how much, is random.
 */
export function scaledTokens(random: Random): Uint8Array {
  const graph = new GraphBuilder();
  const shape = [ROWS, LENGTH] as const;
  const ids = graph.input({ name: 'ids', type: 'INT64', shape, isExact: true }, ['batch', 'length']);
  const rows = Array.from({ length: VOCABULARY }, () => spread(random, WIDTH, 10 ** (2 * random.unit() - 1)));
  const table = graph.constant('FP32', [VOCABULARY, WIDTH], rows.flat());
  const numbers: Value = { name: '', type: 'FP32', shape: [...shape, WIDTH], isExact: false };
  const taken = graph.node('Gather', [table, ids], numbers);
  const one = { ...numbers, shape: [] };
  const largest = graph.node('ReduceMax', [elementwise(graph, 'Abs', [taken])], one, {
    keepdims: { int: 0 },
  });
  const step = graph.node('Div', [largest, graph.scalar('FP32', LEVELS)], one);
  const levels = elementwise(graph, 'Round', [elementwise(graph, 'Div', [taken, step])]);
  const rounded = elementwise(graph, 'Mul', [levels, step]);
  const mean = { ...numbers, shape: [ROWS, WIDTH] };
  const attributes = { axes: { ints: [1] }, keepdims: { int: 0 } };
  graph.output('embedding', graph.node('ReduceMean', [rounded], mean, attributes), ['batch', WIDTH]);
  return graph.write();
}

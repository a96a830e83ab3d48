import { spread } from './chance.ts';
import { ROWS, type Value } from './graph-builder.ts';
import { anyValue, elementwise, type GraphStep, isFlat, isSingle, lastSize } from './graph-step.ts';
import { ACROSS, isNoHalf, oneRowOf, turn, withReduced } from './over-rows.ts';

/** Steps whose result depends on the values of other rows, at any place. */
export const NEIGHBOUR_STEPS: readonly GraphStep[] = [
  {
    name: 'less the mean of all rows',
    fits: anyValue,
    add: (graph, value) => withReduced(graph, value, 'ReduceMean', 'Sub'),
  },
  {
    name: 'plus the largest of all rows',
    fits: anyValue,
    add: (graph, value) => withReduced(graph, value, 'ReduceMax', 'Add'),
  },
  {
    name: 'plus the product of all rows',
    fits: isNoHalf,
    add: (graph, value) => withReduced(graph, value, 'ReduceProd', 'Add'),
  },
  {
    name: 'plus the sum of all rows',
    fits: anyValue,
    add(graph, value) {
      const sum = graph.node('ReduceSum', [value, graph.integers(0)], oneRowOf(value), {
        keepdims: { int: 1 },
      });
      return elementwise(graph, 'Add', [value, sum], false);
    },
  },
  {
    name: 'share of the largest number',
    fits: anyValue,
    add(graph, value) {
      const size = elementwise(graph, 'Abs', [value]);
      const largest = graph.node('ReduceMax', [size], { ...value, shape: [] }, { keepdims: { int: 0 } });
      const above = elementwise(graph, 'Add', [largest, graph.scalar(value.type, 1)]);
      return elementwise(graph, 'Div', [value, above]);
    },
  },
  {
    name: 'softmax over rows',
    fits: anyValue,
    add: (graph, value) => graph.node('Softmax', [value], { ...value, isExact: false }, ACROSS),
  },
  {
    name: 'norm over rows',
    fits: isSingle,
    add: (graph, value) => graph.node('LpNormalization', [value], { ...value, isExact: false }, ACROSS),
  },
  {
    name: 'every row with every row',
    fits: isFlat,
    add(graph, value) {
      const small = elementwise(graph, 'Tanh', [value], false);
      const turned = turn(graph, small);
      const scores = { ...value, shape: [ROWS, ROWS] as const, isExact: false };
      const shares = graph.node('Softmax', [graph.node('MatMul', [small, turned], scores)], scores, {
        axis: { int: -1 },
      });
      return graph.node('MatMul', [shares, value], { ...value, isExact: false });
    },
  },
  {
    name: 'dynamic quantization',
    fits: (value) => isSingle(value) && value.shape.length > 1 && typeof value.shape.at(-1) === 'number',
    add(graph, value, random) {
      const width = lastSize(value);
      const whole = spread(random, width * width, 100).map(Math.round);
      const one = { type: 'FP32', shape: [], isExact: false } as const;
      const small = { ...value, type: 'UINT8', isExact: false } as const;
      const [quantized, scale, zero] = graph.nodes(
        'DynamicQuantizeLinear',
        [value],
        [small, one, { ...one, type: 'UINT8' }],
      );
      const weights = graph.constant('INT8', [width, width], whole);
      const sums = graph.node('MatMulInteger', [quantized, weights, zero], { ...small, type: 'INT32' });
      return elementwise(graph, 'Mul', [graph.cast(sums, 'FP32'), scale as Value], false);
    },
  },
  {
    name: 'softmax over turned rows',
    fits: isFlat,
    add(graph, value) {
      const turned = turn(graph, value);
      const soft = graph.node('Softmax', [turned], { ...turned, isExact: false }, { axis: { int: -1 } });
      return turn(graph, soft);
    },
  },
  {
    name: 'changed by a large neighbour',
    fits: anyValue,
    add(graph, value) {
      const size = elementwise(graph, 'Abs', [value]);
      const largest = graph.node('ReduceMax', [size], { ...value, shape: [] }, { keepdims: { int: 0 } });
      const above = elementwise(graph, 'Sub', [largest, graph.scalar(value.type, 20)]);
      const factor = elementwise(graph, 'Relu', [above]);
      return elementwise(graph, 'Sub', [value, factor]);
    },
  },
];

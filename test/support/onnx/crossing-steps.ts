import { spread } from './chance.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';
import { ROWS } from './graph-builder.ts';
import { anyValue, elementwise, type GraphStep, isFlat, isSingle, lastSize } from './graph-step.ts';

const ACROSS = { axis: { int: 0 } };
const KEEP = { axes: { ints: [0] }, keepdims: { int: 1 } };
/** Kernels that have no half-precision form, even by way of a cast. */
const isNoHalf = ({ type }: Value): boolean => type !== 'FP16';

/** Steps in which a row's answer depends on its neighbours, on its place, or on how many there are. */
export const CROSSING_STEPS: readonly GraphStep[] = [
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
    name: 'running sum of rows',
    fits: isNoHalf,
    add: (graph, value) =>
      graph.node('CumSum', [value, graph.scalar('INT64', 0)], { ...value, isExact: false }),
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
    name: 'rows sorted',
    fits: isNoHalf,
    add(graph, value) {
      const largestFirst = { ...ACROSS, largest: { int: 1 }, sorted: { int: 1 } };
      return graph.nodes(
        'TopK',
        [value, graph.rowsOf(value)],
        [value, { ...value, type: 'INT64' }],
        largestFirst,
      )[0] as Value;
    },
  },
  {
    name: 'rows in reverse',
    fits: anyValue,
    add(graph, value) {
      const [from, to] = [graph.integers(-1), graph.integers(Number.MIN_SAFE_INTEGER)];
      return graph.node('Slice', [value, from, to, graph.integers(0), graph.integers(-1)], value);
    },
  },
  {
    name: 'rows moved by one',
    fits: anyValue,
    add(graph, value) {
      const part = (from: number, to: number) =>
        graph.node('Slice', [value, graph.integers(from), graph.integers(to), graph.integers(0)], value);
      return graph.node('Concat', [part(1, Number.MAX_SAFE_INTEGER), part(0, 1)], value, ACROSS);
    },
  },
  {
    name: 'less the first row',
    fits: anyValue,
    add(graph, value) {
      const first = graph.node('Gather', [value, graph.integers(0)], oneRowOf(value), ACROSS);
      return elementwise(graph, 'Sub', [value, first]);
    },
  },
  {
    name: 'reshape that mixes rows',
    fits: (value) => isFlat(value) && lastSize(value) > 1,
    add(graph, value) {
      const wide = { ...value, shape: [lastSize(value), ROWS] as const };
      const mixed = graph.node('Reshape', [value, graph.integers(lastSize(value), -1)], wide);
      return graph.node('Transpose', [mixed], value, { perm: { ints: [1, 0] } });
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
    name: 'convolution over rows',
    fits: (value) => isFlat(value) && isSingle(value),
    add(graph, value, random) {
      const width = lastSize(value);
      const turned = graph.node('Unsqueeze', [turn(graph, value), graph.integers(0)], {
        ...value,
        shape: [1, width, ROWS],
      });
      const weights = graph.constant('FP32', [width, width, 3], spread(random, width * width * 3, 1));
      const result = { ...turned, isExact: false };
      const convolved = graph.node('Conv', [turned, weights], result, { pads: { ints: [1, 1] } });
      return turn(
        graph,
        graph.node('Squeeze', [convolved, graph.integers(0)], { ...result, shape: [width, ROWS] }),
      );
    },
  },
  {
    name: 'rows as a sequence',
    fits: (value) => isFlat(value) && isSingle(value),
    add(graph, value, random) {
      const [width, hidden] = [lastSize(value), 3];
      const steps = graph.node('Unsqueeze', [value, graph.integers(1)], {
        ...value,
        shape: [ROWS, 1, width],
      });
      const weights = (from: number) =>
        graph.constant('FP32', [1, hidden, from], spread(random, hidden * from, 1 / Math.sqrt(from)));
      const states = { ...value, shape: [ROWS, 1, 1, hidden] as const, isExact: false };
      const all = graph.node('RNN', [steps, weights(width), weights(hidden)], states, {
        hidden_size: { int: hidden },
      });
      return graph.node('Squeeze', [all, graph.integers(1, 2)], { ...states, shape: [ROWS, hidden] });
    },
  },
  {
    name: 'divided by the number of rows',
    fits: anyValue,
    add: (graph, value) => elementwise(graph, 'Div', [value, graph.cast(graph.rowsOf(value), value.type)]),
  },
  {
    name: 'scaled from five rows on',
    fits: anyValue,
    add(graph, value) {
      const many = elementwise(graph, 'Sub', [graph.rowsOf(value), graph.integers(5)]);
      const above = graph.node('Max', [many, graph.integers(0)], many);
      const factor = elementwise(graph, 'Add', [above, graph.integers(1)]);
      return elementwise(graph, 'Mul', [value, graph.cast(factor, value.type)]);
    },
  },
  {
    name: 'plus the number of the row',
    fits: anyValue,
    add(graph, value) {
      const count = graph.node('Squeeze', [graph.rowsOf(value)], { type: 'INT64', shape: [], isExact: true });
      const range = [graph.scalar('INT64', 0), count, graph.scalar('INT64', 1)];
      const numbers = graph.node('Range', range, { type: 'INT64', shape: [ROWS], isExact: true });
      const ranks = value.shape.slice(1).map((_, index) => index + 1);
      const shape = [ROWS, ...ranks.map(() => 1)];
      const column =
        ranks.length === 0
          ? numbers
          : graph.node('Unsqueeze', [numbers, graph.integers(...ranks)], { ...numbers, shape });
      return elementwise(graph, 'Add', [value, graph.cast(column, value.type)]);
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

/** Steps after which there are not as many rows as before: nobody could say whose answer is whose. */
export const ROW_TAKING_STEPS: readonly GraphStep[] = [
  {
    name: 'one row of all',
    fits: anyValue,
    add: (graph, value) => graph.node('ReduceMean', [value], { ...oneRowOf(value), isExact: false }, KEEP),
  },
  {
    name: 'all numbers in a line',
    fits: (value) => isFlat(value) && lastSize(value) > 1,
    add: (graph, value) => graph.node('Reshape', [value, graph.integers(-1)], { ...value, shape: [ROWS] }),
  },
  {
    name: 'a line of its own before them',
    fits: isFlat,
    add(graph, value) {
      const first = graph.constant(value.type, [1, lastSize(value)], new Array(lastSize(value)).fill(1));
      return graph.node('Concat', [first, value], value, ACROSS);
    },
  },
];

function oneRowOf(value: Value): Value {
  return { ...value, shape: [1, ...value.shape.slice(1)] };
}

function withReduced(graph: GraphBuilder, value: Value, reduce: string, combine: string): Value {
  const isExact = reduce === 'ReduceMax' && value.isExact;
  return elementwise(
    graph,
    combine,
    [value, graph.node(reduce, [value], { ...oneRowOf(value), isExact }, KEEP)],
    isExact,
  );
}

function turn(graph: GraphBuilder, value: Value): Value {
  const [first = ROWS, second = ROWS] = value.shape;
  return graph.node('Transpose', [value], { ...value, shape: [second, first] }, { perm: { ints: [1, 0] } });
}

import { oneOf, spread, wholeNumber } from './chance.ts';
import { LENGTH, ROWS } from './graph-builder.ts';
import { elementwise, type GraphStep, isKnown, isSequence, isSingle, rowSize } from './graph-step.ts';

/** Steps along the sequence of a row; the rows may temporarily be the second axis. */
export const SEQUENCE_STEPS: readonly GraphStep[] = [
  {
    name: 'pool a sequence',
    fits: (value) => isSequence(value),
    add(graph, value, random) {
      const [last] = value.shape.slice(-1);
      const result = { ...value, shape: [ROWS, last as number], isExact: false };
      const keepdims = { int: 0 };
      const opType = oneOf(random, ['ReduceMax', 'ReduceMean', 'ReduceSum']);
      if (opType === 'ReduceSum') return graph.node(opType, [value, graph.integers(1)], result, { keepdims });
      const isExact = opType === 'ReduceMax' && value.isExact;
      return graph.node(opType, [value], { ...result, isExact }, { axes: { ints: [1] }, keepdims });
    },
  },
  {
    name: 'turn features',
    fits: (value) => isSequence(value) && isKnown(value.shape[1]),
    add(graph, value) {
      const [rows = ROWS, length = 1, width = 1] = value.shape;
      const result = { ...value, shape: [rows, width, length] };
      return graph.node('Transpose', [value], result, { perm: { ints: [0, 2, 1] } });
    },
  },
  {
    name: 'time first and back',
    fits: isSequence,
    add(graph, value) {
      const [rows = ROWS, length = 1, width = 1] = value.shape;
      const perm = { ints: [1, 0, 2] };
      const turned = graph.node('Transpose', [value], { ...value, shape: [length, rows, width] }, { perm });
      return graph.node(
        'Transpose',
        [elementwise(graph, 'Tanh', [turned], false)],
        { ...value, isExact: false },
        { perm },
      );
    },
  },
  {
    name: 'recurrent, time first',
    fits: (value) => isSequence(value) && isSingle(value),
    add(graph, value, random) {
      const [rows = ROWS, length = 1, width = 1] = value.shape;
      const hidden = 3;
      const perm = { ints: [1, 0, 2] };
      const turned = graph.node('Transpose', [value], { ...value, shape: [length, rows, width] }, { perm });
      const weights = (from: number) =>
        graph.constant('FP32', [1, 3 * hidden, from], spread(random, 3 * hidden * from, 1 / Math.sqrt(from)));
      const state = { ...value, shape: [1, rows, hidden], isExact: false };
      const [, last] = graph.nodes(
        'GRU',
        [turned, weights(Number(width)), weights(hidden)],
        [undefined, state],
        {
          hidden_size: { int: hidden },
        },
      );
      return graph.node('Squeeze', [last, graph.integers(0)], { ...state, shape: [rows, hidden] });
    },
  },
  {
    name: 'flatten a row',
    fits: (value) => isSequence(value) && rowSize(value) !== undefined,
    add(graph, value, random) {
      const size = rowSize(value) as number;
      const result = { ...value, shape: [ROWS, size] as const };
      if (wholeNumber(random, 0, 1) === 1)
        return graph.node('Flatten', [value], result, { axis: { int: 1 } });
      return graph.node('Reshape', [value, graph.integers(oneOf(random, [0, -1]), size)], result);
    },
  },
  {
    name: 'convolution along the row',
    fits: (value) => value.shape.length === 3 && isKnown(value.shape[1]) && isSingle(value),
    add(graph, value, random) {
      const [channels, kernels] = [value.shape[1] as number, wholeNumber(random, 2, 4)];
      const count = kernels * channels * 3;
      const weights = graph.constant(
        'FP32',
        [kernels, channels, 3],
        spread(random, count, 1 / Math.sqrt(channels)),
      );
      const result = { ...value, shape: [ROWS, kernels, value.shape[2] as number], isExact: false };
      return graph.node('Conv', [value, weights], result, { pads: { ints: [1, 1] } });
    },
  },
  {
    name: 'attention within a row',
    fits: isSequence,
    add(graph, value) {
      const [, length = 1, width = 1] = value.shape;
      const isExact = false;
      const perm = { ints: [0, 2, 1] };
      const small = elementwise(graph, 'Tanh', [value], isExact);
      const turned = graph.node(
        'Transpose',
        [small],
        { ...value, shape: [ROWS, width, length], isExact },
        { perm },
      );
      const scores = { ...value, shape: [ROWS, length, length], isExact };
      const product = graph.node('MatMul', [small, turned], scores);
      const shares = graph.node('Softmax', [product], scores, { axis: { int: -1 } });
      return graph.node('MatMul', [shares, value], { ...value, isExact });
    },
  },
  {
    name: 'running sum of a sequence',
    fits: (value) => isSequence(value) && value.type !== 'FP16',
    add: (graph, value) =>
      graph.node('CumSum', [value, graph.scalar('INT64', 1)], { ...value, isExact: false }),
  },
  {
    name: 'token before the sequence',
    fits: (value) => isSequence(value) && isKnown(value.shape[1]),
    add(graph, value, random) {
      const [, length = 1, width = 1] = value.shape as readonly number[];
      const token = graph.constant(value.type, [1, 1, width], spread(random, width, 1));
      const parts = [graph.rowsOf(value), graph.integers(1), graph.integers(width)];
      const shape = graph.node(
        'Concat',
        parts,
        { type: 'INT64', shape: [3], isExact: true },
        { axis: { int: 0 } },
      );
      const tokens = graph.node('Expand', [token, shape], { ...value, shape: [ROWS, 1, width] });
      const result = { ...value, shape: [ROWS, length + 1, width] as const };
      return graph.node('Concat', [tokens, value], result, { axis: { int: 1 } });
    },
  },
  {
    name: 'divide by the length',
    fits: (value) => value.shape.length === 3 && value.shape[1] === LENGTH,
    add(graph, value) {
      const shape = graph.node('Shape', [value], { type: 'INT64', shape: [3], isExact: true });
      const length = graph.node('Gather', [shape, graph.integers(1)], {
        type: 'INT64',
        shape: [1],
        isExact: true,
      });
      return elementwise(graph, 'Div', [value, graph.cast(length, value.type)]);
    },
  },
];

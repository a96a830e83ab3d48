import { oneOf, spread, wholeNumber } from './chance.ts';
import { LENGTH, ROWS } from './graph-builder.ts';
import {
  anyValue,
  elementwise,
  type GraphStep,
  hasLastAxis,
  isFlat,
  isKnown,
  isSequence,
  isSingle,
  lastSize,
  rowSize,
  withLast,
} from './graph-step.ts';

/** Steps in which no row sees another one: elementwise, along the features, or by each row's own sequence. */
export const HONEST_STEPS: readonly GraphStep[] = [
  {
    name: 'with a constant',
    fits: hasLastAxis,
    add(graph, value, random) {
      const opType = oneOf(random, ['Add', 'Sub', 'Mul', 'Div']);
      const sizes = spread(random, lastSize(value), 1).map((each) => (each < 0 ? each - 0.5 : each + 0.5));
      return elementwise(graph, opType, [value, graph.constant(value.type, [lastSize(value)], sizes)]);
    },
  },
  {
    name: 'bit by bit',
    fits: anyValue,
    add: (graph, value, random) => elementwise(graph, oneOf(random, ['Relu', 'Abs', 'Neg']), [value]),
  },
  {
    name: 'curve',
    fits: anyValue,
    add: (graph, value, random) => elementwise(graph, oneOf(random, ['Sigmoid', 'Tanh']), [value], false),
  },
  {
    name: 'gelu',
    fits: isSingle,
    add: (graph, value) =>
      elementwise(graph, 'Mul', [value, elementwise(graph, 'Erf', [value], false)], false),
  },
  {
    name: 'clip',
    // onnxruntime 1.30 does not load a Relu before a Clip of doubles or halves.
    fits: isSingle,
    add(graph, value, random) {
      const bound = wholeNumber(random, 1, 50);
      return elementwise(graph, 'Clip', [
        value,
        graph.scalar(value.type, -bound),
        graph.scalar(value.type, bound),
      ]);
    },
  },
  {
    name: 'leaky',
    fits: anyValue,
    add(graph, value) {
      const isAbove = graph.node('Greater', [value, graph.scalar(value.type, 0)], { ...value, type: 'BOOL' });
      const small = elementwise(graph, 'Mul', [value, graph.scalar(value.type, 0.125)]);
      return graph.node('Where', [isAbove, value, small], value);
    },
  },
  {
    name: 'matrix product',
    fits: hasLastAxis,
    add(graph, value, random) {
      const [from, to] = [lastSize(value), wholeNumber(random, 2, 6)];
      const numbers = spread(random, from * to, 2 / Math.sqrt(from));
      const weights = graph.constant(value.type, [from, to], numbers);
      // What is done to weights along their first axis says nothing of rows.
      const ready = oneOf(random, [true, true, false])
        ? weights
        : graph.node('Softmax', [weights], weights, { axis: { int: 0 } });
      return graph.node('MatMul', [value, ready], { ...value, shape: withLast(value, to), isExact: false });
    },
  },
  {
    name: 'dense',
    fits: (value) => isFlat(value) && value.type !== 'FP16',
    add(graph, value, random) {
      const [from, to] = [lastSize(value), wholeNumber(random, 2, 6)];
      const isTurned = wholeNumber(random, 0, 1);
      const shape = isTurned === 1 ? [to, from] : [from, to];
      const weights = graph.constant(value.type, shape, spread(random, from * to, 2 / Math.sqrt(from)));
      const bias = graph.constant(value.type, [to], spread(random, to, 1));
      const result = { ...value, shape: [ROWS, to] as const, isExact: false };
      return graph.node('Gemm', [value, weights, bias], result, { transB: { int: isTurned } });
    },
  },
  {
    name: 'softmax',
    fits: hasLastAxis,
    add(graph, value, random) {
      const axis = wholeNumber(random, 1, value.shape.length - 1) - oneOf(random, [0, value.shape.length]);
      return graph.node('Softmax', [value], { ...value, isExact: false }, { axis: { int: axis } });
    },
  },
  {
    name: 'layer normalization',
    fits: (value) => hasLastAxis(value) && lastSize(value) > 1,
    add(graph, value, random) {
      const scale = graph.constant(value.type, [lastSize(value)], spread(random, lastSize(value), 2));
      const bias = graph.constant(value.type, [lastSize(value)], spread(random, lastSize(value), 1));
      // A large epsilon: where a row is nearly constant, a small one makes rounding look like an answer.
      const attributes = { axis: { int: -1 }, epsilon: { float: 0.5 } };
      return graph.node('LayerNormalization', [value, scale, bias], { ...value, isExact: false }, attributes);
    },
  },
  {
    name: 'centre',
    fits: hasLastAxis,
    add(graph, value) {
      const result = { ...value, shape: withLast(value, 1), isExact: false };
      const mean = graph.node('ReduceMean', [value], result, { axes: { ints: [-1] }, keepdims: { int: 1 } });
      return elementwise(graph, 'Sub', [value, mean]);
    },
  },
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
    name: 'sum of features',
    fits: hasLastAxis,
    add(graph, value) {
      // Of sizes: what has been centred adds up to nothing but rounding.
      const result = { ...value, shape: withLast(value, 1), isExact: false };
      const attributes = { axes: { ints: [-1] }, keepdims: { int: 1 } };
      return graph.node('ReduceL1', [value], result, attributes);
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
    name: 'reshape as exporters write it',
    fits: (value) => isFlat(value) && lastSize(value) % 2 === 0,
    add(graph, value) {
      const half = lastSize(value) / 2;
      const parts = [graph.rowsOf(value), graph.integers(2), graph.integers(half)];
      const shape = graph.node(
        'Concat',
        parts,
        { type: 'INT64', shape: [3], isExact: true },
        { axis: { int: 0 } },
      );
      return graph.node('Reshape', [value, shape], { ...value, shape: [ROWS, 2, half] });
    },
  },
  {
    name: 'slice of features',
    fits: (value) => hasLastAxis(value) && lastSize(value) > 2,
    add(graph, value) {
      const size = lastSize(value) - 1;
      const [from, to, axis] = [graph.integers(1), graph.integers(lastSize(value)), graph.integers(-1)];
      return graph.node('Slice', [value, from, to, axis], { ...value, shape: withLast(value, size) });
    },
  },
  {
    name: 'chosen features',
    fits: (value) => hasLastAxis(value) && lastSize(value) > 1,
    add(graph, value, random) {
      const chosen = Array.from({ length: 3 }, () => wholeNumber(random, 0, lastSize(value) - 1));
      const result = { ...value, shape: withLast(value, chosen.length) };
      return graph.node('Gather', [value, graph.integers(...chosen)], result, { axis: { int: -1 } });
    },
  },
  {
    name: 'beside itself',
    fits: (value) => hasLastAxis(value) && lastSize(value) < 20,
    add(graph, value) {
      const result = { ...value, shape: withLast(value, 2 * lastSize(value)) };
      return graph.node('Concat', [value, elementwise(graph, 'Abs', [value])], result, { axis: { int: -1 } });
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
    name: 'largest features',
    fits: (value) => hasLastAxis(value) && lastSize(value) > 2 && value.type !== 'FP16',
    add(graph, value) {
      const result = { ...value, shape: withLast(value, 2) };
      return graph.nodes(
        'TopK',
        [value, graph.integers(2)],
        [result, { ...result, type: 'INT64' }],
      )[0] as typeof value;
    },
  },
  {
    name: 'place of the largest',
    fits: (value) => hasLastAxis(value) && value.isExact && value.type !== 'FP16',
    add(graph, value, random) {
      const keepdims = wholeNumber(random, 0, 1);
      const shape = keepdims === 1 ? withLast(value, 1) : value.shape.slice(0, -1);
      const attributes = { axis: { int: -1 }, keepdims: { int: keepdims } };
      const place = graph.node('ArgMax', [value], { type: 'INT64', shape, isExact: true }, attributes);
      return graph.cast(place, value.type);
    },
  },
  {
    name: 'fixed quantization',
    fits: (value) => value.isExact && isSingle(value),
    add(graph, value) {
      const [scale, zero] = [graph.scalar('FP32', 0.25), graph.scalar('INT8', 3)];
      const small = graph.node('QuantizeLinear', [value, scale, zero], { ...value, type: 'INT8' });
      return graph.node('DequantizeLinear', [small, scale, zero], value);
    },
  },
  {
    name: 'there and back',
    fits: anyValue,
    add(graph, value, random) {
      const wide = oneOf(random, ['FP64', 'FP32'] as const);
      return graph.cast(
        elementwise(graph, 'Mul', [graph.cast(value, wide), graph.scalar(wide, 0.5)]),
        value.type,
      );
    },
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

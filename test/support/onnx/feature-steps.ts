import { oneOf, spread, wholeNumber } from './chance.ts';
import { ROWS } from './graph-builder.ts';
import { elementwise, type GraphStep, hasLastAxis, isFlat, lastSize, withLast } from './graph-step.ts';

/** Steps along the features of a row. */
export const FEATURE_STEPS: readonly GraphStep[] = [
  {
    name: 'matrix product',
    fits: hasLastAxis,
    add(graph, value, random) {
      const [from, to] = [lastSize(value), wholeNumber(random, 2, 6)];
      const numbers = spread(random, from * to, 2 / Math.sqrt(from));
      const weights = graph.constant(value.type, [from, to], numbers);
      // Operations along the first axis of weights do not mix rows.
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
      // A large epsilon: with a small one, the result of a nearly constant row is mostly rounding error.
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
    name: 'sum of features',
    fits: hasLastAxis,
    add(graph, value) {
      // Of magnitudes: the sum of centred values is only rounding error.
      const result = { ...value, shape: withLast(value, 1), isExact: false };
      const attributes = { axes: { ints: [-1] }, keepdims: { int: 1 } };
      return graph.node('ReduceL1', [value], result, attributes);
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
];

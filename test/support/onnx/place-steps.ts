import { spread } from './chance.ts';
import { ROWS, type Value } from './graph-builder.ts';
import { anyValue, elementwise, type GraphStep, isFlat, isSingle, lastSize } from './graph-step.ts';
import { ACROSS, isNoHalf, oneRowOf, turn } from './over-rows.ts';

/** Steps in which a row's result depends on its place in the batch. */
export const PLACE_STEPS: readonly GraphStep[] = [
  {
    name: 'running sum of rows',
    fits: isNoHalf,
    add: (graph, value) =>
      graph.node('CumSum', [value, graph.scalar('INT64', 0)], { ...value, isExact: false }),
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
];

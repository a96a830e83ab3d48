import { ROWS } from './graph-builder.ts';
import { anyValue, type GraphStep, isFlat, lastSize } from './graph-step.ts';
import { ACROSS, KEEP, oneRowOf } from './over-rows.ts';

/** Steps that change the number of rows, so that answers cannot be assigned to requests. */
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

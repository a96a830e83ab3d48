import { anyValue, elementwise, type GraphStep } from './graph-step.ts';

/** Steps in which a row's result depends on the number of rows. */
export const COUNT_STEPS: readonly GraphStep[] = [
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
];

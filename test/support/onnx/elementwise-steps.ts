import { oneOf, spread, wholeNumber } from './chance.ts';
import { anyValue, elementwise, type GraphStep, hasLastAxis, isSingle, lastSize } from './graph-step.ts';

/** Elementwise steps. */
export const ELEMENTWISE_STEPS: readonly GraphStep[] = [
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
];

import { type GraphBuilder, ROWS, type Value } from './graph-builder.ts';
import { elementwise } from './graph-step.ts';

/** The axis of the rows. */
export const ACROSS = { axis: { int: 0 } };
/** Attributes that reduce the rows to one. */
export const KEEP = { axes: { ints: [0] }, keepdims: { int: 1 } };
/** Kernels without a half-precision form, even with a cast. */
export const isNoHalf = ({ type }: Value): boolean => type !== 'FP16';

export function oneRowOf(value: Value): Value {
  return { ...value, shape: [1, ...value.shape.slice(1)] };
}

export function withReduced(graph: GraphBuilder, value: Value, reduce: string, combine: string): Value {
  const isExact = reduce === 'ReduceMax' && value.isExact;
  return elementwise(
    graph,
    combine,
    [value, graph.node(reduce, [value], { ...oneRowOf(value), isExact }, KEEP)],
    isExact,
  );
}

export function turn(graph: GraphBuilder, value: Value): Value {
  const [first = ROWS, second = ROWS] = value.shape;
  return graph.node('Transpose', [value], { ...value, shape: [second, first] }, { perm: { ints: [1, 0] } });
}

import type { Random } from '../../../src/base/random.ts';
import { type GraphBuilder, LENGTH, type Size, type Value } from './graph-builder.ts';

/** Something a graph may do with a value whose first axis is the rows. */
export interface GraphStep {
  readonly name: string;
  fits(value: Value): boolean;
  /** What comes out has the rows as its first axis again, unless the step says that it takes them away. */
  add(graph: GraphBuilder, value: Value, random: Random): Value;
}

export const anyValue = (): boolean => true;
export const isFlat = ({ shape }: Value): boolean => shape.length === 2 && isKnown(shape[1]);
export const isSequence = ({ shape }: Value): boolean => shape.length === 3 && isKnown(shape[2]);
export const hasLastAxis = ({ shape }: Value): boolean => shape.length > 1 && isKnown(shape.at(-1));
/** Kernels that exist for single precision alone. */
export const isSingle = ({ type }: Value): boolean => type === 'FP32';

export function isKnown(size: Size | undefined): size is number {
  return typeof size === 'number';
}

export function lastSize({ shape }: Value): number {
  return shape.at(-1) as number;
}

/** The same value with another last size. */
export function withLast({ shape }: Value, size: number): Size[] {
  return [...shape.slice(0, -1), size];
}

/** What one node makes of a value without a change of its form. */
export function elementwise(
  graph: GraphBuilder,
  opType: string,
  inputs: readonly Value[],
  isExact = inputs.every((input) => input.isExact),
): Value {
  const [{ type, shape } = { type: 'FP32', shape: [] } as const] = inputs;
  return graph.node(opType, inputs, { type, shape, isExact });
}

/** The elements of a row; undefined where a request decides. */
export function rowSize({ shape }: Value): number | undefined {
  const sizes = shape.slice(1);
  return sizes.includes(LENGTH)
    ? undefined
    : (sizes as number[]).reduce((product, size) => product * size, 1);
}

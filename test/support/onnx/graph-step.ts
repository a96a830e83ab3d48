import type { Random } from '../../../src/base/random.ts';
import { type GraphBuilder, LENGTH, type Size, type Value } from './graph-builder.ts';

/** A step on a value whose first axis is the rows. */
export interface GraphStep {
  readonly name: string;
  fits(value: Value): boolean;
  /** The result has the rows as its first axis again, unless the step removes rows. */
  add(graph: GraphBuilder, value: Value, random: Random): Value;
}

export const anyValue = (): boolean => true;
export const isFlat = ({ shape }: Value): boolean => shape.length === 2 && isKnown(shape[1]);
export const isSequence = ({ shape }: Value): boolean => shape.length === 3 && isKnown(shape[2]);
export const hasLastAxis = ({ shape }: Value): boolean => shape.length > 1 && isKnown(shape.at(-1));
/** Kernels that exist only for single precision. */
export const isSingle = ({ type }: Value): boolean => type === 'FP32';

export function isKnown(size: Size | undefined): size is number {
  return typeof size === 'number';
}

export function lastSize({ shape }: Value): number {
  return shape.at(-1) as number;
}

/** A copy of the value with another last size. */
export function withLast({ shape }: Value, size: number): Size[] {
  return [...shape.slice(0, -1), size];
}

/** Applies one node that does not change the form of the value. */
export function elementwise(
  graph: GraphBuilder,
  opType: string,
  inputs: readonly Value[],
  isExact = inputs.every((input) => input.isExact),
): Value {
  const [{ type, shape } = { type: 'FP32', shape: [] } as const] = inputs;
  return graph.node(opType, inputs, { type, shape, isExact });
}

/** The number of elements of a row; undefined when a request decides. */
export function rowSize({ shape }: Value): number | undefined {
  const sizes = shape.slice(1);
  return sizes.includes(LENGTH)
    ? undefined
    : (sizes as number[]).reduce((product, size) => product * size, 1);
}

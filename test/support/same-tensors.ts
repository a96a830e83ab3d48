import { elementsOf } from './numbers-of.ts';
import type { PlainTensor } from './tensor-asking.ts';

/** Allowed difference of two numbers, given the right one and the largest of its row. */
export type Allowance = (datatype: PlainTensor['datatype'], right: number, largestOfRow: number) => number;

/** Describes how tensors differ; undefined when they are equal. */
export function differenceOf(
  got: readonly PlainTensor[],
  right: readonly PlainTensor[],
  allowance: Allowance,
): string | undefined {
  for (const wanted of right) {
    const { name, datatype, shape } = wanted;
    const found = got.find((tensor) => tensor.name === name);
    if (found === undefined) return `there is no output '${name}'`;
    if (found.datatype !== datatype) return `'${name}' is ${found.datatype}, right is ${datatype}`;
    if (found.shape.join() !== shape.join()) return `'${name}' is [${found.shape}], right is [${shape}]`;
    const at = firstDifference(found, wanted, allowance);
    if (at !== undefined) return `'${name}' ${at}`;
  }
  return undefined;
}

function firstDifference(got: PlainTensor, right: PlainTensor, allowance: Allowance): string | undefined {
  const [found, wanted] = [elementsOf(got), elementsOf(right)];
  if (found.length !== wanted.length) return `has ${found.length} elements, right are ${wanted.length}`;
  const rowSize = Math.max(1, wanted.length / Math.max(1, right.shape[0] ?? 1));
  for (const [index, is] of found.entries()) {
    const should = wanted[index];
    if (is === should || Object.is(is, should)) continue;
    if (typeof is === 'number' && typeof should === 'number') {
      const start = Math.floor(index / rowSize) * rowSize;
      const row = wanted.slice(start, start + rowSize) as number[];
      const largest = row.reduce(
        (most, each) => (Number.isFinite(each) ? Math.max(most, Math.abs(each)) : most),
        0,
      );
      if (Math.abs(is - should) <= allowance(got.datatype, should, largest)) continue;
    }
    return `is ${String(is)} at ${index} of [${right.shape}], right is ${String(should)}`;
  }
  return undefined;
}

import { MAX_JSON_DEPTH, tooDeep } from './json-scan.ts';

/** The shape of nested lists, from the first list of each level; `flattenNested` checks the others. */
export function nestedShape(value: unknown): number[] {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0]) {
    if (shape.length === MAX_JSON_DEPTH) throw tooDeep();
    shape.push(inner.length);
  }
  return shape;
}

/**
 * The elements of nested lists, row-major. Each list must have the length that the shape gives: a longer row would shift
 * its elements into the next. `fail` makes the error to throw from the first place that differs.
 */
export function flattenNested(
  value: unknown,
  shape: readonly number[],
  fail: (place: string, problem: string) => Error,
): unknown[] {
  const leaves: unknown[] = [];
  const visit = (inner: unknown, axis: number, place: string): void => {
    if (axis > MAX_JSON_DEPTH) throw tooDeep();
    const size = shape[axis];
    if (size === undefined) {
      if (Array.isArray(inner)) throw fail(place, 'is a list, wanted an element');
      leaves.push(inner);
      return;
    }
    if (!Array.isArray(inner)) throw fail(place, `is not a list, wanted a list of ${size}`);
    if (inner.length !== size) throw fail(place, `has length ${inner.length}, wanted ${size}`);
    if (axis === shape.length - 1 && !inner.some(Array.isArray)) {
      for (const leaf of inner) leaves.push(leaf);
      return;
    }
    for (let index = 0; index < inner.length; index++) visit(inner[index], axis + 1, `${place}[${index}]`);
  };
  visit(value, 0, '');
  return leaves;
}

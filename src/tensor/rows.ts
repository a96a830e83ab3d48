import { elementOffsets } from './bytes-elements.ts';
import { flatten, joinSegments, sliceSegments } from './segments.ts';
import { elementCount, type Tensor } from './tensor.ts';

/** Concatenates the rows of several tensors of one lane. The payload is not copied. */
export function gatherRows(parts: readonly Tensor[]): Tensor {
  const first = parts[0];
  if (first === undefined) throw new RangeError('no tensors to gather');
  if (parts.length === 1) return first;
  let rows = 0;
  for (const part of parts) rows += part.shape[0] as number;
  return {
    name: first.name,
    datatype: first.datatype,
    shape: [rows, ...first.shape.slice(1)],
    data: joinSegments(parts.map((part) => part.data)),
  };
}

/** Splits a tensor along its first axis into the given numbers of rows; throws a RangeError unless they add up. */
export function splitRows(tensor: Tensor, rowCounts: readonly number[]): Tensor[] {
  const rows = tensor.shape[0] ?? 0;
  const wanted = rowCounts.reduce((sum, count) => sum + count, 0);
  if (rows !== wanted) {
    throw new RangeError(`output '${tensor.name}' has ${rows} rows, but the inputs have ${wanted}`);
  }
  const { name, datatype } = tensor;
  const boundaries = rowBoundaries(tensor, rows);
  let row = 0;
  let shape = tensor.shape;
  return rowCounts.map((count) => {
    const start = boundaries(row);
    row += count;
    // Neighbouring parts of one size share their shape.
    if (shape[0] !== count) shape = [count, ...tensor.shape.slice(1)];
    return { name, datatype, shape, data: sliceSegments(tensor.data, start, boundaries(row)) };
  });
}

/** Byte offset of a row: computed, or for BYTES from one pass over the lengths. */
function rowBoundaries(tensor: Tensor, rows: number): (row: number) => number {
  if (tensor.datatype !== 'BYTES') {
    const rowBytes = rows === 0 ? 0 : tensor.data.byteLength / rows;
    return (row) => row * rowBytes;
  }
  const offsets = elementOffsets(flatten(tensor.data));
  const perRow = elementCount(tensor.shape.slice(1));
  return (row) => offsets[row * perRow] ?? tensor.data.byteLength;
}

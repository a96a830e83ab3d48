import { elementOffsets } from './bytes-elements.ts';
import { flatten, joinSegments, sliceSegments } from './segments.ts';
import { elementCount, type Tensor } from './tensor.ts';

/** Puts the rows of several tensors of one lane under each other. Payload is listed, not copied. */
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

/** Cuts a tensor along its first axis into pieces of the given numbers of rows, which must add up. */
export function splitRows(tensor: Tensor, rowCounts: readonly number[]): Tensor[] {
  const rows = tensor.shape[0] ?? 0;
  const wanted = rowCounts.reduce((sum, count) => sum + count, 0);
  if (rows !== wanted) {
    throw new RangeError(`output '${tensor.name}' has ${rows} rows where ${wanted} went in`);
  }
  const boundaries = rowBoundaries(tensor, rows);
  let row = 0;
  return rowCounts.map((count) => {
    const start = boundaries(row);
    row += count;
    return {
      name: tensor.name,
      datatype: tensor.datatype,
      shape: [count, ...tensor.shape.slice(1)],
      data: sliceSegments(tensor.data, start, boundaries(row)),
    };
  });
}

/** Where a row begins, in bytes: by arithmetic, or for BYTES by walking the lengths once. */
function rowBoundaries(tensor: Tensor, rows: number): (row: number) => number {
  if (tensor.datatype !== 'BYTES') {
    const rowBytes = rows === 0 ? 0 : tensor.data.byteLength / rows;
    return (row) => row * rowBytes;
  }
  const offsets = elementOffsets(flatten(tensor.data));
  const perRow = elementCount(tensor.shape.slice(1));
  return (row) => offsets[row * perRow] ?? tensor.data.byteLength;
}

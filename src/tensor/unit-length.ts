/** Scales each row, in place, to the Euclidean length 1. A row of zeros has no direction and stays as it is. */
export function toUnitLength(values: Float32Array, dimensions: number): void {
  for (let start = 0; start < values.length; start += dimensions) {
    const row = values.subarray(start, start + dimensions);
    let squares = 0;
    for (const value of row) squares += value * value;
    const length = Math.sqrt(squares);
    if (length === 0) continue;
    for (let axis = 0; axis < row.length; axis++) row[axis] = (row[axis] as number) / length;
  }
}

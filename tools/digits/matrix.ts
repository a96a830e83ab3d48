/** A row-major matrix of doubles, in which JavaScript computes without conversion. */
export class Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;

  constructor(rows: number, columns: number, values: Float64Array = new Float64Array(rows * columns)) {
    this.rows = rows;
    this.columns = columns;
    this.values = values;
  }

  /** The same numbers with another number of rows, not copied. */
  withRows(rows: number): Matrix {
    return new Matrix(rows, this.values.length / rows, this.values);
  }

  transposed(): Matrix {
    const result = new Matrix(this.columns, this.rows);
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        result.set(column, row, this.values[row * this.columns + column] as number);
      }
    }
    return result;
  }

  /**
   * The matrix product with `other` transposed: each row of this times each row of `other`. It is the hot loop of the
   * training: blocks of four rows by two give eight independent sums from six loads.
   */
  timesTransposed(other: Matrix): Matrix {
    const result = new Matrix(this.rows, other.rows);
    const a = this.values;
    const b = other.values;
    const length = this.columns;
    // In a short last block, the last row is computed several times and stored in the same place.
    const lastRow = this.rows - 1;
    const lastColumn = other.rows - 1;
    for (let row = 0; row <= lastRow; row += 4) {
      const row1 = Math.min(row + 1, lastRow);
      const row2 = Math.min(row + 2, lastRow);
      const row3 = Math.min(row + 3, lastRow);
      const startA0 = row * length;
      const startA1 = row1 * length;
      const startA2 = row2 * length;
      const startA3 = row3 * length;
      for (let column = 0; column <= lastColumn; column += 2) {
        const column1 = Math.min(column + 1, lastColumn);
        const startB0 = column * length;
        const startB1 = column1 * length;
        let sum00 = 0;
        let sum01 = 0;
        let sum10 = 0;
        let sum11 = 0;
        let sum20 = 0;
        let sum21 = 0;
        let sum30 = 0;
        let sum31 = 0;
        for (let index = 0; index < length; index++) {
          const b0 = b[startB0 + index] as number;
          const b1 = b[startB1 + index] as number;
          const a0 = a[startA0 + index] as number;
          const a1 = a[startA1 + index] as number;
          const a2 = a[startA2 + index] as number;
          const a3 = a[startA3 + index] as number;
          sum00 += a0 * b0;
          sum01 += a0 * b1;
          sum10 += a1 * b0;
          sum11 += a1 * b1;
          sum20 += a2 * b0;
          sum21 += a2 * b1;
          sum30 += a3 * b0;
          sum31 += a3 * b1;
        }
        result.set(row, column, sum00);
        result.set(row, column1, sum01);
        result.set(row1, column, sum10);
        result.set(row1, column1, sum11);
        result.set(row2, column, sum20);
        result.set(row2, column1, sum21);
        result.set(row3, column, sum30);
        result.set(row3, column1, sum31);
      }
    }
    return result;
  }

  addToEachRow(row: Float64Array): void {
    for (let start = 0; start < this.values.length; start += this.columns) {
      for (let column = 0; column < this.columns; column++) {
        const index = start + column;
        this.values[index] = (this.values[index] as number) + (row[column] as number);
      }
    }
  }

  sumOfRows(): Float64Array {
    const sums = new Float64Array(this.columns);
    for (let start = 0; start < this.values.length; start += this.columns) {
      for (let column = 0; column < this.columns; column++) {
        sums[column] = (sums[column] as number) + (this.values[start + column] as number);
      }
    }
    return sums;
  }

  set(row: number, column: number, value: number): void {
    this.values[row * this.columns + column] = value;
  }
}

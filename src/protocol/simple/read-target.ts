import type { ModelMetadata } from '../../model/model-metadata.ts';
import { elementCount } from '../../tensor/tensor.ts';

/** What a request is read for, so that what the model never takes is refused before it costs anything. */
export interface ReadTarget {
  readonly model: string;
  /** undefined where only the form is of interest. */
  readonly metadata?: ModelMetadata;
  /** Values that the JSON may hold; undefined where the reader's own bounds are enough. */
  readonly maxValues?: number | undefined;
}

/** Room for parameters, names of outputs, and rows too many: those are refused later, with a better message. */
const SPARE_VALUES = 65_536;

/** Values that the largest request of a model can hold as JSON; undefined where its open axes leave that to the client. */
export function mostValues(
  { inputs }: ModelMetadata,
  hasBatchAxis: boolean,
  maxRows: number,
): number | undefined {
  let values = 0;
  for (const { shape, anyRank } of inputs) {
    const row = hasBatchAxis ? shape.slice(1) : shape;
    if (anyRank === true || row.includes(-1)) return undefined;
    values += elementCount(row) * (hasBatchAxis ? maxRows : 1);
  }
  return 2 * values + SPARE_VALUES;
}

import type { ModelMetadata } from '../../model/model-metadata.ts';
import { elementCount } from '../../tensor/tensor.ts';

/** The model that a request is read for, so that a request that never fits it is refused early. */
export interface ReadTarget {
  readonly model: string;
  /** undefined when only the form of the request is read. */
  readonly metadata?: ModelMetadata;
  /** Most values that the JSON may contain; undefined for the bounds of the reader. */
  readonly maxValues?: number | undefined;
}

/** Allowance for parameters, output names and too many rows, which are refused later with a better message. */
const SPARE_VALUES = 65_536;

/** The most values in the JSON of a model's largest request; undefined when open axes leave that to the client. */
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

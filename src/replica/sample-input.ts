import type { Datatype } from '../tensor/datatype.ts';
import type { Segments } from '../tensor/segments.ts';

/** A user's input for warmup, of one or more rows; an input without data is filled in. */
export interface SampleInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Segments | undefined;
}

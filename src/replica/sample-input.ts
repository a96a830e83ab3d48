import type { Datatype } from '../tensor/datatype.ts';
import type { Segments } from '../tensor/segments.ts';

/** An input of the user's own for warmup, one or several rows of it; one without data is filled in. */
export interface SampleInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Segments | undefined;
}

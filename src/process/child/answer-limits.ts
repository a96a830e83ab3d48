import { hasForbiddenFloat } from '../../tensor/finite.ts';
import { dataBytes, type Tensor } from '../../tensor/tensor.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { FLAG } from '../wire/wire.ts';

/** Why an answer must not be sent. */
export interface NotSent {
  /** Of its REFUSED frame. */
  readonly flags: number;
  readonly text: string;
}

/** Why the outputs for one request must not be sent; undefined when they may. */
export function whyNotSent(
  { maxAnswerBytes, finite }: Pick<LoadOrder, 'maxAnswerBytes' | 'finite'>,
  outputs: readonly Tensor[],
): NotSent | undefined {
  const byteLength = dataBytes(outputs);
  if (byteLength > maxAnswerBytes) {
    const text = `the answer takes ${byteLength} bytes; process.maxAnswerBytes is ${maxAnswerBytes}`;
    return { flags: FLAG.BY_MODEL, text };
  }
  const bad = finite === 'off' ? undefined : outputs.find((output) => hasForbiddenFloat(output, finite));
  if (bad === undefined) return undefined;
  const text = `output '${bad.name}' contains a number that is not finite (outputs.finite: ${finite})`;
  return { flags: 0, text };
}

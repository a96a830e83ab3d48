import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import type { SampleInput } from '../../replica/sample-input.ts';
import { encodeBytesElements } from '../../tensor/bytes-elements.ts';
import { allocateArray, bytesOf, elementCount } from '../../tensor/tensor.ts';

/** A sample as it was recorded: its form, and whether it had contents. */
type RecordedSample = Omit<SampleInput, 'data'> & { readonly isGiven?: boolean };
/** A version as it was recorded. */
export type RecordedSpec = Omit<VersionSpec, 'ownSample'> & { readonly ownSample: readonly RecordedSample[] };

/** Arbitrary contents are sufficient, because results about answers are in the recording. */
export function withContents({ isGiven = false, ...form }: RecordedSample): SampleInput {
  if (!isGiven) return { ...form, data: undefined };
  const data =
    form.datatype === 'BYTES'
      ? encodeBytesElements(Array.from({ length: elementCount(form.shape) }, () => new Uint8Array(0)))
      : bytesOf(allocateArray(form.datatype, elementCount(form.shape)));
  return { ...form, data };
}

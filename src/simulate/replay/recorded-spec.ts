import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import { blankContents, type SampleInput } from '../../replica/sample-input.ts';

/** A sample as it was recorded: its form, and whether it had contents. */
type RecordedSample = Omit<SampleInput, 'data'> & { readonly isGiven?: boolean };
/** A version as it was recorded. */
export type RecordedSpec = Omit<VersionSpec, 'ownSample'> & { readonly ownSample: readonly RecordedSample[] };

/** Arbitrary contents are sufficient, because results about answers are in the recording. */
export function withContents({ isGiven = false, ...form }: RecordedSample): SampleInput {
  return { ...form, data: isGiven ? blankContents(form) : undefined };
}

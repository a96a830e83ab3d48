/** Recorded sound: samples from -1 to 1, one array per channel, all of the same length. */
export interface Sound {
  /** Samples per second. */
  readonly sampleRate: number;
  readonly channels: readonly Float32Array[];
}

/** The bytes of a sound cannot be decoded; the message says why. */
export class AudioError extends Error {
  override readonly name = 'AudioError';
}

/** The mean of all channels, as most models want it. */
export function mono({ channels }: Sound): Float32Array {
  const [first, ...others] = channels;
  if (first === undefined) throw new RangeError('mono: the sound has no channels, wanted at least one');
  if (others.length === 0) return first;
  const mean = new Float32Array(first.length);
  for (const samples of channels) {
    for (let at = 0; at < mean.length; at++)
      mean[at] = (mean[at] as number) + (samples[at] as number) / channels.length;
  }
  return mean;
}

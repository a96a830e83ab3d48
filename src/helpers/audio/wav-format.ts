/** How a WAV file stores a sample. Whole numbers are PCM; of 8 bits they are unsigned. */
export const WAV_FORMATS = {
  pcm8: { code: 1, bytes: 1, full: 128 },
  pcm16: { code: 1, bytes: 2, full: 0x8000 },
  pcm24: { code: 1, bytes: 3, full: 0x800000 },
  pcm32: { code: 1, bytes: 4, full: 0x80000000 },
  float32: { code: 3, bytes: 4, full: 1 },
  float64: { code: 3, bytes: 8, full: 1 },
} as const;

/** The name of a sample format of WAV files. */
export type WavFormat = keyof typeof WAV_FORMATS;

/** Code of the extended header, whose true code follows later. */
export const EXTENSIBLE = 0xfffe;

export { readWav } from './audio/read-wav.ts';
export { resample } from './audio/resample.ts';
export { AudioError, mono, type Sound } from './audio/sound.ts';
export type { WavFormat } from './audio/wav-format.ts';
export { writeWav } from './audio/write-wav.ts';

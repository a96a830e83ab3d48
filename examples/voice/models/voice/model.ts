import { defineModel } from 'galley';
import { mono, readWav, resample } from 'galley/audio';
import { segmentsIn } from './segments-in.ts';

/** Samples per second that the detector takes, and samples of a frame. */
const RATE = 16_000;
const FRAME = 512;
/** The end of the frame before comes before each frame. */
const CONTEXT = 64;

/** Finds the parts of a WAV file in which a person speaks. */
export default defineModel({
  inputs: [{ name: 'wav', datatype: 'BYTES', shape: [1] }],
  outputs: [
    { name: 'startMs', datatype: 'INT32', shape: [-1] },
    { name: 'endMs', datatype: 'INT32', shape: [-1] },
  ],

  async predict({ wav }, _state, { infer }) {
    const sound = readWav(wav.data[0] as Uint8Array);
    const samples = resample(mono(sound), sound.sampleRate, RATE);

    const chances: number[] = [];
    let state = { shape: [2, 1, 128] as readonly number[], data: new Float32Array(2 * 128) };
    for (let start = 0; start < samples.length; start += FRAME) {
      const frame = new Float32Array(CONTEXT + FRAME);
      const from = Math.max(0, start - CONTEXT);
      frame.set(samples.subarray(from, start + FRAME), from - start + CONTEXT);
      const { output, stateN } = await infer('voice-frame', {
        input: { shape: [1, frame.length], data: frame },
        state,
        sr: { shape: [], data: BigInt64Array.of(BigInt(RATE)) },
      });
      chances.push(Number(output?.data[0]));
      state = stateN as typeof state;
    }

    const segments = segmentsIn(chances, (FRAME / RATE) * 1000);
    const shape = [segments.length];
    return {
      startMs: { shape, data: segments.map(({ startMs }) => Math.round(startMs)) },
      endMs: { shape, data: segments.map(({ endMs }) => Math.round(endMs)) },
    };
  },
});

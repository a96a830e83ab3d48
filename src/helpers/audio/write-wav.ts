import { oneOf } from '../shared/one-of.ts';
import type { Sound } from './sound.ts';
import { WAV_FORMATS, type WavFormat } from './wav-format.ts';

/** Encodes a sound as a WAV file. Samples beyond -1 and 1 are limited in PCM. */
export function writeWav({ sampleRate, channels }: Sound, format: WavFormat = 'pcm16'): Uint8Array {
  const { code, bytes: width, full } = oneOf('writeWav: the format', format, WAV_FORMATS);
  const frames = channels[0]?.length ?? 0;
  if (channels.length === 0 || channels.some((samples) => samples.length !== frames)) {
    const lengths = channels.map((samples) => samples.length).join(', ') || 'no';
    throw new RangeError(`writeWav: channels of ${lengths} samples came, wanted channels of one length`);
  }
  const frameBytes = channels.length * width;
  const size = frames * frameBytes;
  // A chunk of odd size is followed by one byte of padding.
  const file = Buffer.alloc(44 + size + (size % 2));
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(code, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * frameBytes, 28);
  file.writeUInt16LE(frameBytes, 32);
  file.writeUInt16LE(8 * width, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(size, 40);
  channels.forEach((samples, channel) => {
    let at = 44 + channel * width;
    for (const sample of samples) {
      if (format === 'float32') file.writeFloatLE(sample, at);
      else if (format === 'float64') file.writeDoubleLE(sample, at);
      else if (format === 'pcm8') file.writeUInt8(whole(sample, full) + full, at);
      else file.writeIntLE(whole(sample, full), at, width);
      at += frameBytes;
    }
  });
  return file;
}

function whole(sample: number, full: number): number {
  return Math.max(-full, Math.min(full - 1, Math.round(sample * full)));
}

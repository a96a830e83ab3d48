import { AudioError, type Sound } from './sound.ts';
import { EXTENSIBLE, WAV_FORMATS, type WavFormat } from './wav-format.ts';

/** What the `fmt ` chunk says. */
interface Header {
  readonly format: WavFormat;
  readonly channels: number;
  readonly sampleRate: number;
  readonly frameBytes: number;
}

const MAX_CHANNELS = 64;
/** A rate outside these bounds is a broken header; resampled, it would fill the memory. */
const MIN_RATE = 4_000;
const MAX_RATE = 768_000;
/** Programs that write into a pipe do not know the size. */
const UNKNOWN_SIZE = 0xffffffff;
/** Other codes of WAV files, for the message. */
const OTHER_CODES: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  80: 'MPEG',
  85: 'MP3',
};

/**
 * Decodes a WAV file: PCM of 8, 16, 24 or 32 bits, or floats of 32 or 64 bits, with up to 64 channels. Throws an
 * AudioError for any other bytes. The samples take at most four times the memory of the file.
 */
export function readWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (at: number) => (at + 4 <= bytes.length ? latin1(bytes, at, 4) : '');
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw notWav(bytes);
  let header: Header | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = tag(at);
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    const left = bytes.length - start;
    if (name === 'data') {
      if (header === undefined) throw new AudioError('the samples come before the format, wanted a WAV file');
      if (size > left && size !== UNKNOWN_SIZE) {
        throw new AudioError(`the samples end after ${left} bytes, wanted ${size}: the file is cut off`);
      }
      return samplesIn(view, header, start, Math.min(size, left));
    }
    if (name === 'fmt ') header = headerIn(view, start, Math.min(size, left));
    // Chunks begin at even places.
    at = start + size + (size % 2);
  }
  throw new AudioError(`the WAV file contains no ${header === undefined ? 'format' : 'samples'}`);
}

function headerIn(view: DataView, start: number, size: number): Header {
  if (size < 16) throw new AudioError(`the format of the WAV file has ${size} bytes, wanted at least 16`);
  const told = view.getUint16(start, true);
  const bits = view.getUint16(start + 14, true);
  const code = told === EXTENSIBLE && size >= 40 ? view.getUint16(start + 24, true) : told;
  const format = (Object.keys(WAV_FORMATS) as WavFormat[]).find(
    (name) => WAV_FORMATS[name].code === code && WAV_FORMATS[name].bytes * 8 === bits,
  );
  if (format === undefined) {
    const name = code === 1 ? 'PCM' : code === 3 ? 'float' : (OTHER_CODES[code] ?? `format ${code}`);
    throw new AudioError(
      `the WAV file contains ${name} of ${bits} bits, wanted PCM of 8, 16, 24 or 32 bits or float of 32 or 64`,
    );
  }
  const channels = view.getUint16(start + 2, true);
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw new AudioError(`the WAV file has ${channels} channels, wanted 1 to ${MAX_CHANNELS}`);
  }
  const sampleRate = view.getUint32(start + 4, true);
  if (sampleRate < MIN_RATE || sampleRate > MAX_RATE) {
    throw new AudioError(
      `the WAV file has ${sampleRate} samples per second, wanted ${MIN_RATE} to ${MAX_RATE}`,
    );
  }
  const frameBytes = view.getUint16(start + 12, true);
  const wanted = channels * WAV_FORMATS[format].bytes;
  if (frameBytes !== wanted) {
    throw new AudioError(
      `a frame of the WAV file has ${frameBytes} bytes, wanted ${wanted}: ${channels} channels of ${bits} bits`,
    );
  }
  return { format, channels, sampleRate, frameBytes };
}

function samplesIn(view: DataView, header: Header, start: number, size: number): Sound {
  const { format, channels, sampleRate, frameBytes } = header;
  const frames = Math.floor(size / frameBytes);
  const width = WAV_FORMATS[format].bytes;
  const read = READERS[format];
  const decoded = Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(frames);
    let at = start + channel * width;
    for (let frame = 0; frame < frames; frame++, at += frameBytes) {
      const value = read(view, at);
      if (!Number.isFinite(value)) {
        throw new AudioError(`sample ${frame} of channel ${channel} is ${value}, wanted a number`);
      }
      samples[frame] = value;
    }
    return samples;
  });
  return { sampleRate, channels: decoded };
}

const READERS: Readonly<Record<WavFormat, (view: DataView, at: number) => number>> = {
  pcm8: (view, at) => (view.getUint8(at) - 128) / WAV_FORMATS.pcm8.full,
  pcm16: (view, at) => view.getInt16(at, true) / WAV_FORMATS.pcm16.full,
  pcm24: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 0x10000) / WAV_FORMATS.pcm24.full,
  pcm32: (view, at) => view.getInt32(at, true) / WAV_FORMATS.pcm32.full,
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => Math.fround(view.getFloat64(at, true)),
};

function notWav(bytes: Uint8Array): AudioError {
  const came =
    bytes.length === 0
      ? 'no bytes came'
      : `the bytes begin with ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`;
  return new AudioError(`${came}, wanted a WAV file (RIFF … WAVE)`);
}

function latin1(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

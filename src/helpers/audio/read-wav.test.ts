import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tone } from '../../../test/support/tones.ts';
import { readWav } from './read-wav.ts';
import { AudioError, type Sound } from './sound.ts';
import { WAV_FORMATS, type WavFormat } from './wav-format.ts';
import { writeWav } from './write-wav.ts';

const FORMATS = Object.keys(WAV_FORMATS) as WavFormat[];

const anySound = fc
  .record({
    sampleRate: fc.integer({ min: 4_000, max: 768_000 }),
    channels: fc.integer({ min: 1, max: 5 }),
    frames: fc.nat(40),
    seed: fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 }),
  })
  .map(({ sampleRate, channels, frames, seed }): Sound => {
    const sampleOf = (channel: number, frame: number) => seed[(channel * 31 + frame) % seed.length] ?? 0;
    return {
      sampleRate,
      channels: Array.from({ length: channels }, (_, channel) =>
        Float32Array.from({ length: frames }, (__, frame) => sampleOf(channel, frame)),
      ),
    };
  });

for (const format of FORMATS) {
  test(`what is written as ${format} is read back, up to half a step of the format`, () => {
    const step = WAV_FORMATS[format].full === 1 ? 0 : 1 / WAV_FORMATS[format].full;
    fc.assert(
      fc.property(anySound, (sound) => {
        const read = readWav(writeWav(sound, format));
        assert.equal(read.sampleRate, sound.sampleRate);
        assert.equal(read.channels.length, sound.channels.length);
        read.channels.forEach((samples, channel) => {
          assert.equal(samples.length, sound.channels[channel]?.length);
          samples.forEach((sample, at) => {
            const wanted = Math.min(sound.channels[channel]?.[at] ?? 2, 1 - step);
            assert.ok(Math.abs(sample - wanted) <= step / 2 + 1e-7, `${sample} instead of ${wanted}`);
          });
        });
      }),
    );
  });
}

test('samples of every width, by the bytes of the standard', () => {
  // fmt: PCM, 1 channel, 8000 Hz, 3 bytes a frame, 24 bits; data: 0x7fffff, -0x800000, 1, -1.
  const hex = [
    '52494646 3000 0000 57415645 666d7420 10000000 0100 0100 401f0000 c05d0000 0300 1800',
    '64617461 0c000000 ffff7f 000080 010000 ffffff',
  ].join('');
  const file = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const { sampleRate, channels } = readWav(file);
  assert.equal(sampleRate, 8000);
  const expected = [0x7fffff / 0x800000, -1, 1 / 0x800000, -1 / 0x800000].map(Math.fround);
  assert.deepEqual([...(channels[0] ?? [])], expected);
});

/** A file with chunks of the caller's choice. */
function wavOf(chunks: readonly (readonly [name: string, content: Uint8Array, size?: number])[]): Buffer {
  const parts = chunks.flatMap(([name, content, size = content.length]) => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(size, 4);
    return [head, content, Buffer.alloc(content.length % 2)];
  });
  return Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...parts]);
}

function formatChunk({ code = 1, channels = 1, rate = 16_000, frame = 2, bits = 16, extension = '' } = {}) {
  const chunk = Buffer.alloc(16 + extension.length / 2);
  chunk.writeUInt16LE(code, 0);
  chunk.writeUInt16LE(channels, 2);
  chunk.writeUInt32LE(rate, 4);
  chunk.writeUInt16LE(frame, 12);
  chunk.writeUInt16LE(bits, 14);
  chunk.write(extension, 16, 'hex');
  return chunk;
}

const TWO_SAMPLES = Buffer.from('00400080', 'hex');

test('the extended header, other chunks of odd size, and a size that is not known', () => {
  const guid = '0300000000001000800000aa00389b71';
  const extension = `1600 2000 04000000 ${guid}`.replaceAll(' ', '');
  const float = Buffer.alloc(4);
  float.writeFloatLE(0.25);
  const extended = wavOf([
    ['LIST', Buffer.from('odd')],
    ['fmt ', formatChunk({ code: 0xfffe, frame: 4, bits: 32, extension })],
    ['data', float],
  ]);
  assert.deepEqual(readWav(extended).channels, [Float32Array.of(0.25)]);
  const piped = wavOf([
    ['fmt ', formatChunk()],
    ['data', TWO_SAMPLES, 0xffffffff],
  ]);
  assert.deepEqual(readWav(piped).channels, [Float32Array.of(0.5, -1)]);
});

test('a file that begins at an odd place of its buffer is read', () => {
  const file = wavOf([
    ['fmt ', formatChunk()],
    ['data', TWO_SAMPLES],
  ]);
  const shifted = Buffer.concat([Buffer.alloc(1), file]).subarray(1);
  assert.deepEqual(readWav(shifted).channels, [Float32Array.of(0.5, -1)]);
});

const data = ['data', TWO_SAMPLES] as const;
const notANumber = Buffer.from('0000c07f', 'hex');
for (const [why, file, message] of [
  ['nothing', Buffer.alloc(0), /^no bytes came, wanted a WAV file/],
  ['an MP3', Buffer.from('ID3\x04'), /^the bytes begin with 49443304, wanted a WAV file/],
  ['no chunks', wavOf([]), /^the WAV file contains no format$/],
  ['no samples', wavOf([['fmt ', formatChunk()]]), /^the WAV file contains no samples$/],
  ['no format', wavOf([data]), /^the samples come before the format/],
  ['a short format', wavOf([['fmt ', Buffer.alloc(14)], data]), /has 14 bytes, wanted at least 16/],
  [
    'a file that is cut off',
    wavOf([
      ['fmt ', formatChunk()],
      ['data', TWO_SAMPLES, 400],
    ]),
    /^the samples end after 4 bytes, wanted 400: the file is cut off$/,
  ],
  [
    'mu-law',
    wavOf([['fmt ', formatChunk({ code: 7, frame: 1, bits: 8 })], data]),
    /mu-law of 8 bits, wanted PCM/,
  ],
  ['PCM of 20 bits', wavOf([['fmt ', formatChunk({ bits: 20 })], data]), /contains PCM of 20 bits/],
  ['no channels', wavOf([['fmt ', formatChunk({ channels: 0 })], data]), /has 0 channels, wanted 1 to 64/],
  ['1 Hz', wavOf([['fmt ', formatChunk({ rate: 1 })], data]), /has 1 samples per second, wanted 4000 to/],
  ['a wrong frame', wavOf([['fmt ', formatChunk({ frame: 3 })], data]), /has 3 bytes, wanted 2: 1 channels/],
  [
    'NaN',
    wavOf([
      ['fmt ', formatChunk({ code: 3, frame: 4, bits: 32 })],
      ['data', notANumber],
    ]),
    /^sample 0 of channel 0 is NaN, wanted a number$/,
  ],
] as const) {
  test(`${why} is an AudioError`, () => {
    assert.throws(() => readWav(file), { name: 'AudioError', message });
  });
}

test('any bytes are a sound of at most four times their size or an AudioError', () => {
  const files = FORMATS.map((format) =>
    writeWav({ sampleRate: 16_000, channels: [tone(440, 16_000, 0.01), tone(220, 16_000, 0.01)] }, format),
  );
  const damaged = fc
    .record({
      file: fc.constantFrom(...files),
      end: fc.nat(400),
      damage: fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 }),
    })
    .map(({ file, end, damage }) => {
      const broken = Uint8Array.from(file.subarray(0, Math.max(0, file.length - end)));
      for (const [at, value] of damage) broken[at] = value;
      return broken;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), (bytes) => {
      try {
        const { channels } = readWav(bytes);
        const samples = channels.reduce((sum, each) => sum + each.length, 0);
        assert.ok(4 * samples <= 4 * bytes.length);
      } catch (caught) {
        assert.ok(caught instanceof AudioError, String(caught));
      }
    }),
    { numRuns: 2000 },
  );
});

test('writeWav refuses channels of different lengths and unknown formats', () => {
  const uneven = { sampleRate: 8000, channels: [new Float32Array(1), new Float32Array(2)] };
  assert.throws(() => writeWav(uneven), /channels of 1, 2 samples came, wanted channels of one length/);
  assert.throws(
    () => writeWav({ sampleRate: 8000, channels: [tone(1, 8000)] }, 'mp3' as never),
    /is 'mp3', wanted pcm8/,
  );
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { GalleyClient, RefusedError } from '../../src/client/index.ts';
import { mono, readWav, resample, writeWav } from '../../src/helpers/audio.ts';
import { PROJECT, RunningServer } from '../support/running-server.ts';

const SPEECH = readFileSync(join(PROJECT, 'examples/voice/speech.wav'));

let server: RunningServer;
before(async () => {
  server = await RunningServer.start(['examples/voice']);
});
after(async () => server.stop());

/** The parts with speech, in milliseconds. */
async function segmentsIn(wav: Uint8Array): Promise<(readonly [number, number])[]> {
  const input = { name: 'wav', datatype: 'BYTES', shape: [1], data: [wav] } as const;
  const { outputs } = await new GalleyClient(server.url).infer('voice', [input]);
  const [starts, ends] = outputs.map(({ data }) => [...(data as Int32Array)]);
  return (starts ?? []).map((start, at) => [start, ends?.[at] ?? Number.NaN]);
}

/** What Silero VAD finds in Python, whose resampling is another one: it may move an end by one frame. */
const EXPECTED = [
  [2, 2078],
  [2658, 4900],
] as const;

function assertFound(segments: readonly (readonly [number, number])[]): void {
  const differences = segments.flat().map((ms, at) => Math.abs(ms - (EXPECTED.flat()[at] ?? Number.NaN)));
  assert.ok(segments.length === 2 && differences.every((ms) => ms <= 32), JSON.stringify(segments));
}

test('the parts of a WAV file with speech are found', async () => {
  assertFound(await segmentsIn(SPEECH));
});

test('the same parts are found at another rate, in 24 bits and two channels, and none in silence', async () => {
  const sound = readWav(SPEECH);
  const samples = resample(mono(sound), sound.sampleRate, 44_100);
  const stereo = { sampleRate: 44_100, channels: [samples, samples] };
  assertFound(await segmentsIn(writeWav(stereo, 'pcm24')));
  const silence = { sampleRate: 16_000, channels: [new Float32Array(16_000)] };
  assert.deepEqual(await segmentsIn(writeWav(silence)), []);
});

test('a file that is no WAV is an error that says so', async () => {
  const caught = await segmentsIn(SPEECH.subarray(0, 1000)).catch((error: unknown) => error);
  assert.ok(caught instanceof RefusedError);
  assert.match(caught.message, /the samples end after 956 bytes, wanted 78400: the file is cut off/);
});

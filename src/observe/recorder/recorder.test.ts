import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { Recorder } from './recorder.ts';
import { decodeRecording, INPUT } from './recording.ts';

test('any number of distinct texts leaves room for the latest events', () => {
  const recorder = new Recorder(new VirtualClock(), { seed: 'seed', startedWallMs: 0 }, 32 * 1024 * 1024);
  const replica = recorder.pinnedTextId('replica');
  const count = 200_000;
  for (let index = 0; index < count; index++) {
    recorder.write(0, INPUT.ARRIVED, { a: index, text: recorder.textId(`lane ${index}`) });
    recorder.write(0, INPUT.EXITED, { a: replica });
  }
  const { events, texts, isWhole } = decodeRecording(recorder.dump());
  const arrived = events.filter(({ kind }) => kind === INPUT.ARRIVED);
  assert.ok(arrived.length > 30_000, `${arrived.length}`);
  for (const { a, text } of arrived) assert.equal(texts[text], `lane ${a}`);
  assert.equal(arrived.at(-1)?.a, count - 1);
  assert.equal(isWhole, false);
  assert.equal(texts[replica], 'replica');
});

test('the total length of texts is bounded', () => {
  const recorder = new Recorder(new VirtualClock(), { seed: 'seed', startedWallMs: 0 }, 1024 * 1024);
  for (let index = 0; index < 200; index++) {
    const text = recorder.textId(`${index}`.padEnd(1_000_000, ' '));
    recorder.write(0, INPUT.REFUSED, { a: index, text });
  }
  const { events, texts } = decodeRecording(recorder.dump());
  assert.ok(texts.join('').length <= 8 * 1024 * 1024);
  const last = events.at(-1);
  assert.equal(texts[last?.text ?? 0]?.trim(), '199');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { UnfitSpawner } from './unfit-model.ts';

/** Spawns a life, and tells what it reported, in order. */
function live(incarnation: number, lookAgain: ConstructorParameters<typeof UnfitSpawner>[2]) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const replica = new UnfitSpawner(clock, 'it was broken', lookAgain).spawn('m/1#0', incarnation, {
    loaded: () => told.push('loaded'),
    loadFailed: (message) => told.push(message),
    credited: () => told.push('credited'),
    heartbeat: () => told.push('heartbeat'),
    exited: ({ cause }) => told.push(cause),
  });
  return { clock, told, replica };
}

test('the first life fails for what was found, later than it begins, and ends once', () => {
  const { clock, told, replica } = live(1, async () => ({ kind: 'mended' }));
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ['it was broken']);
  replica.kill('ended');
  replica.drain();
  assert.deepEqual(told, ['it was broken']);
  clock.advance(1);
  assert.deepEqual(told, ['it was broken', 'ended']);
});

test('a later life looks again, and a look that fails is a reason too', async () => {
  const still = live(2, async () => ({ kind: 'unfit', reason: 'it is broken still' }));
  const failing = live(2, async () => {
    throw new Error('the folder is gone');
  });
  const mended = live(2, async () => ({ kind: 'mended' }));
  for (const { clock } of [still, failing, mended]) clock.advance(1);
  await new Promise(setImmediate);
  assert.deepEqual(still.told, ['it is broken still']);
  assert.deepEqual(failing.told, ['the folder is gone']);
  assert.deepEqual(mended.told, []);
});

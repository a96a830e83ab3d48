import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { UnfitSpawner } from './unfit-model.ts';

/** Spawns a process and collects its reports, in order. */
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

test('the first process fails with the known reason after its spawn returns, and ends once', () => {
  const { clock, told, replica } = live(1, async () => ({ kind: 'recovered' }));
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ['it was broken']);
  replica.kill('ended');
  replica.drain();
  assert.deepEqual(told, ['it was broken']);
  clock.advance(1);
  assert.deepEqual(told, ['it was broken', 'ended']);
});

test('a later process checks the model again, and a failed check is a reason too', async () => {
  const still = live(2, async () => ({ kind: 'unfit', reason: 'it is still broken' }));
  const failing = live(2, async () => {
    throw new Error('the folder is gone');
  });
  const recovered = live(2, async () => ({ kind: 'recovered' }));
  for (const { clock } of [still, failing, recovered]) clock.advance(1);
  await new Promise(setImmediate);
  assert.deepEqual(still.told, ['it is still broken']);
  assert.deepEqual(failing.told, ['the folder is gone']);
  assert.deepEqual(recovered.told, []);
});

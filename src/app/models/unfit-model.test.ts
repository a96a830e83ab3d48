import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { type LookAgain, UnfitSpawner } from './unfit-model.ts';

/** Spawns a process and collects its reports, in order. */
function spawn(incarnation: number, lookAgain: LookAgain) {
  const clock = new VirtualClock();
  const reports: string[] = [];
  const replica = new UnfitSpawner(clock, 'it was broken', lookAgain).spawn(
    'm/1#0',
    incarnation,
    { device: 'cpu', threads: 1 },
    {
      loaded: () => reports.push('loaded'),
      loadFailed: (message) => reports.push(message),
      credited: () => reports.push('credited'),
      heartbeat: () => reports.push('heartbeat'),
      exited: ({ cause }) => reports.push(cause),
    },
  );
  return { clock, reports, replica };
}

test('the first process fails with the known reason after its spawn returns, and ends once', () => {
  const { clock, reports, replica } = spawn(1, () => {});
  assert.deepEqual(reports, []);
  clock.advance(1);
  assert.deepEqual(reports, ['it was broken']);
  replica.kill('ended');
  replica.drain();
  assert.deepEqual(reports, ['it was broken']);
  clock.advance(1);
  assert.deepEqual(reports, ['it was broken', 'ended']);
});

test('a later process checks the model again, and a failed check is a reason too', () => {
  const still = spawn(2, (fails) => fails('it is still broken'));
  const failing = spawn(2, () => {
    throw new Error('the folder is gone');
  });
  const recovered = spawn(2, () => {});
  for (const { clock } of [still, failing, recovered]) clock.advance(1);
  assert.deepEqual(still.reports, ['it is still broken']);
  assert.deepEqual(failing.reports, ['the folder is gone']);
  assert.deepEqual(recovered.reports, []);
});

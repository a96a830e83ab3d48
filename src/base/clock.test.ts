import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RANK, RealClock } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

test('at one instant, completions run before cancels, expiries and arrivals, and the end of the turn runs last', () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.at(5, () => seen.push('arrival'), RANK.arrival);
  clock.at(5, () => seen.push('expiry'), RANK.expiry);
  clock.at(5, () => seen.push('cancel'), RANK.cancel);
  clock.at(
    5,
    () => {
      clock.endOfTurn(() => seen.push('end of turn'));
      seen.push('completion');
    },
    RANK.completion,
  );
  clock.advance(5);
  assert.deepEqual(seen, ['completion', 'cancel', 'expiry', 'arrival', 'end of turn']);
});

test('a cancelled alarm never fires', () => {
  const clock = new VirtualClock();
  const alarm = clock.at(1, () => assert.fail('fired'));
  alarm.cancel();
  alarm.cancel();
  clock.runAll();
});

test('an alarm set within an instant for the same instant fires in it', () => {
  const clock = new VirtualClock();
  let rangAt = -1;
  clock.at(3, () =>
    clock.at(3, () => {
      rangAt = clock.now();
    }),
  );
  clock.advance(3);
  assert.equal(rangAt, 3);
});

test('the real clock does not advance within a turn and never fires early', async () => {
  const clock = new RealClock();
  const before = clock.now();
  for (let spin = 0; spin < 1e5; spin++);
  assert.equal(clock.now(), before);
  const due = before + 3.5;
  await new Promise<void>((resolve) => clock.at(due, resolve));
  assert.ok(performance.now() >= due);
  assert.ok(clock.now() >= due);
});

test('one real timer fires alarms in the order of their instants', async () => {
  const clock = new RealClock();
  const seen: number[] = [];
  const start = clock.now();
  await new Promise<void>((resolve) => {
    clock.at(start + 6, () => {
      seen.push(6);
      resolve();
    });
    clock.at(start + 2, () => seen.push(2));
    clock.at(start + 4, () => seen.push(4)).cancel();
  });
  assert.deepEqual(seen, [2, 6]);
});

test('what is read right after a long turn has waited for half of it, on average; after a pause it has not', async () => {
  const clock = new RealClock();
  const nextTurn = async () => new Promise<void>((resolve) => setImmediate(resolve));
  await nextTurn();
  const began = clock.now();
  while (performance.now() < began + 40);
  // The end of the turn, and a turn of the loop after it.
  await nextTurn();
  const now = clock.now();
  assert.ok(clock.delayMs >= 20 && clock.delayMs <= (now - began) / 2 + 0.1, `${clock.delayMs}`);
  await nextTurn();
  const pause = async () => new Promise<void>((resolve) => clock.at(clock.now() + 5, resolve));
  // On a busy machine a turn may be long although nothing runs in it.
  for (let tries = 0; tries < 100 && (tries === 0 || clock.delayMs > 0); tries++) await pause();
  assert.equal(clock.delayMs, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../base/clock.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { Pacer } from './pacer.ts';

const TURN_MS = 0.25;

/** Virtual time in which a turn of the event loop takes time, so that busy waiting ends. */
function setUp(maySpin = true) {
  const virtual = new VirtualClock();
  const waits: string[] = [];
  const clock: Clock = {
    now: () => virtual.now(),
    at: (dueMs, wake, rank) => {
      waits.push(`timer at ${dueMs}`);
      return virtual.at(dueMs, wake, rank);
    },
    endOfTurn: (run) => {
      waits.push('turn');
      virtual.at(virtual.now() + TURN_MS, run);
    },
  };
  const woken: number[] = [];
  const now = () => virtual.now();
  const pacer = new Pacer({ clock, now }, () => woken.push(now()), maySpin);
  return { virtual, waits, woken, pacer };
}

test('far from the due time the pacer uses a timer, near it event-loop turns', () => {
  const { virtual, waits, woken, pacer } = setUp();
  pacer.wakeAt(10);
  virtual.advance(9);
  assert.deepEqual([waits, woken], [['timer at 8'], [8]]);
  pacer.wakeAt(10);
  virtual.advance(1);
  assert.deepEqual(waits, ['timer at 8', 'turn']);
  assert.deepEqual(woken, [8, 9.25]);
});

test('while a wake-up is pending, no other is scheduled', () => {
  const { virtual, woken, pacer } = setUp();
  pacer.wakeAt(10);
  pacer.wakeAt(10);
  pacer.wakeAt(12);
  virtual.runAll();
  assert.deepEqual(woken, [8]);
});

test('turns are idle unless `worked` is called in them', () => {
  const { virtual, pacer } = setUp();
  pacer.wakeAt(1);
  virtual.runAll();
  assert.equal(pacer.idleMs, TURN_MS);
  pacer.wakeAt(1);
  pacer.worked();
  virtual.runAll();
  assert.equal(pacer.idleMs, TURN_MS);
});

test('a frugal pacer sleeps until the instant, however near, and never spins', () => {
  const { virtual, waits, woken, pacer } = setUp(false);
  pacer.wakeAt(0.5);
  virtual.advance(1);
  assert.deepEqual([waits, woken, pacer.idleMs], [['timer at 0.5'], [0.5], 0]);
  // What is overdue waits for other work of this turn, not for a timer.
  pacer.wakeAt(1);
  assert.equal(waits.at(-1), 'turn');
});

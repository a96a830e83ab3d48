import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../base/virtual-clock.ts';
import { type Arrival, Arrivals } from './arrivals.ts';

function arrivalBy(deadline: number, told: string[]): Arrival & { arrivedBytes: number; isPaused: boolean } {
  return {
    ...{ heapIndex: -1, deadline, isArriving: true, isPaused: false, arrivedBytes: 0 },
    ...{ windowFrom: 0, windowBytes: 0 },
    deadlinePassed: () => told.push('late'),
    tooSlow: () => told.push('slow'),
    cut: () => told.push('cut'),
  };
}

test('an arrival is told when its deadline passes, unless it was removed', () => {
  const clock = new VirtualClock();
  const arrivals = new Arrivals(clock, 0);
  const told: string[] = [];
  const gone = arrivalBy(50, told);
  for (const deadline of [300, 100]) arrivals.add(arrivalBy(deadline, told));
  arrivals.add(gone);
  arrivals.remove(gone);
  clock.advance(99);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ['late']);
  clock.advance(200);
  assert.deepEqual(told, ['late', 'late']);
  arrivals.stop();
});

test('a body that arrives too slowly is ended; one that the server has paused is not', () => {
  const clock = new VirtualClock();
  const arrivals = new Arrivals(clock, 100);
  const [slow, quick, paused]: string[][] = [[], [], []];
  const steady = arrivalBy(1e9, quick as string[]);
  arrivals.add(arrivalBy(1e9, slow as string[]));
  arrivals.add(steady);
  arrivals.add(Object.assign(arrivalBy(1e9, paused as string[]), { isPaused: true }));
  for (let second = 0; second < 20; second++) {
    steady.arrivedBytes += 150;
    clock.advance(1_000);
  }
  assert.ok((slow as string[]).includes('slow'));
  assert.deepEqual([quick, paused], [[], []]);
  // A burst at the start does not excuse a later pause.
  clock.advance(10_000);
  assert.deepEqual(quick, ['slow', 'slow']);
  arrivals.stop();
});

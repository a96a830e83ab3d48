import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balancer } from '../../balancing/balancer.ts';
import { onMistake } from '../../base/mistake.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { Replica } from '../../replica/replica.ts';
import { Roster } from '../../replica/roster.ts';
import { Dispatcher } from './dispatcher.ts';
import { offer, type Work, type WorkSource } from './work-source.ts';

/** A dispatcher with one idle replica, one batch and a strategy that fails. Returns what was started and reported. */
function dispatch({ startFails = false } = {}) {
  const started: string[] = [];
  const ended: unknown[] = [];
  const reported: unknown[] = [];
  const stop = onMistake(({ error }) => reported.push(error));
  const replica = {
    ...{ id: 'm/1#0', incarnation: 1 },
    start: () => {
      if (startFails) throw new Error('start');
      started.push('m/1#0');
    },
  } as unknown as Replica;
  const roster = new Roster();
  roster.add(replica, 0, 1);
  roster.grant(replica.id, 1);
  roster.setHealthStatus(replica.id, 'ready');
  const work = {
    ...{ members: [{}], rows: 1, reason: 'idle', lane: '' },
    started() {},
    part: (_member: number, answer: unknown) => ended.push(answer),
    settled: (outcome: unknown) => ended.push(outcome),
  } as unknown as Work;
  let isWaiting = true;
  const source: WorkSource = {
    peek: () =>
      isWaiting
        ? offer({
            ...{ rows: 1, lane: '' },
            take: () => {
              isWaiting = false;
              return work;
            },
          })
        : undefined,
  };
  const balancer = {
    pick() {
      throw new Error('strategy');
    },
  } as unknown as Balancer;
  const dispatcher = new Dispatcher({
    ...{ clock: new VirtualClock(), roster, balancer, sources: [source] },
    version: { wanted: () => 1, isRowwise: () => true },
  });
  dispatcher.wake();
  stop();
  return { started, ended, reported: reported.map(String), free: roster.free().length };
}

test('work is sent although the strategy fails, which is reported', () => {
  const { started, reported } = dispatch();
  assert.deepEqual(started, ['m/1#0']);
  assert.deepEqual(reported, ['Error: strategy']);
});

test('a batch that cannot be started is refused, and the replica has its credit back', () => {
  const { ended, reported, free } = dispatch({ startFails: true });
  assert.deepEqual(reported, ['Error: strategy', 'Error: start']);
  assert.equal((ended[0] as { reason?: string }).reason, 'INTERNAL');
  assert.deepEqual(ended[1], { kind: 'done', computeMs: 0 });
  assert.equal(free, 1);
});

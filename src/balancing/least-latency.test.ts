import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReplicaView } from '../replica/roster.ts';
import { LeastLatency } from './least-latency.ts';

function view(index: number, rowMs: number, more: Partial<ReplicaView> = {}): ReplicaView {
  const service = {
    batches: 9,
    factor: 1,
    predictMs: (rows: number, lane = '') => rows * rowMs * (lane ? 3 : 1),
    spread: () => 0,
  };
  const usual = {
    healthStatus: 'ready' as const,
    isSetApart: false,
    running: 0,
    weight: 1,
    share: 1,
    busyUntil: 0,
  };
  return { id: `r${index}`, index, service, ...usual, ...more };
}

const fleets = fc.array(
  fc.record({
    rowMs: fc.double({ min: 0.1, max: 100, noNaN: true }),
    running: fc.integer({ min: 0, max: 2 }),
    share: fc.double({ min: 0.1, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 6, size: 'max' },
);

test('it never picks a replica that takes more than a twentieth longer than the fastest', () => {
  fc.assert(
    fc.property(fleets, fc.integer({ min: 1, max: 64 }), (them, rows) => {
      const fleet = them.map(({ rowMs, ...more }, index) => view(index, rowMs, more));
      const strategy = new LeastLatency();
      const ms = ({ index }: { readonly index: number }) => {
        const { rowMs, running, share } = them[index] as (typeof them)[number];
        return ((running + 1) * rows * rowMs) / share;
      };
      const leastMs = Math.min(...fleet.map(ms));
      const picked = Array.from({ length: 2 * fleet.length }, () => strategy.pick(fleet, { rows, lane: '' }));
      for (const one of picked) assert.ok(ms(one) <= 1.05 * leastMs * (1 + 1e-9));
      const ties = fleet.filter((one) => ms(one) <= 1.05 * leastMs);
      for (const one of ties) assert.ok(picked.includes(one), 'a tie is never picked');
    }),
  );
});

test('without measurements all replicas take turns', () => {
  const strategy = new LeastLatency();
  const fleet = [view(0, 0), view(1, 0), view(2, 0, { running: 1 })];
  const picks = Array.from({ length: 6 }, () => strategy.pick(fleet, { rows: 4, lane: '' }).index);
  assert.deepEqual(picks, [0, 1, 2, 0, 1, 2]);
});

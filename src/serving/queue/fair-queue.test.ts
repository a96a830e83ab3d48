import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryWith } from '../../../test/support/entries.ts';
import type { Entry } from '../../work/entry.ts';
import { FairQueue } from './fair-queue.ts';

/** Reference implementation that scans all requests each time. */
class NaiveFairQueue {
  readonly waiting: Entry[] = [];
  readonly #starts = new Map<string, number>();
  readonly #opened = new Map<string, number>();
  #virtualTime = 0;
  #count = 0;

  of(name: string): Entry[] {
    return this.waiting.filter(({ tenant }) => tenant.name === name).sort((a, b) => a.id - b.id);
  }

  get next(): Entry | undefined {
    const names = [...new Set(this.waiting.map(({ tenant }) => tenant.name))];
    const key = (name: string) => [this.#starts.get(name) ?? 0, this.#opened.get(name) ?? 0] as const;
    names.sort((a, b) => key(a)[0] - key(b)[0] || key(a)[1] - key(b)[1]);
    return names[0] === undefined ? undefined : this.of(names[0])[0];
  }

  push(entry: Entry): void {
    const { name } = entry.tenant;
    if (this.of(name).length === 0) {
      this.#starts.set(name, Math.max(this.#virtualTime, this.#starts.get(name) ?? 0));
      this.#opened.set(name, this.#count++);
    }
    this.waiting.push(entry);
  }

  serve(entry: Entry): void {
    const { name, weight } = entry.tenant;
    const start = this.#starts.get(name) ?? 0;
    const tenants = new Map(this.waiting.map(({ tenant }) => [tenant.name, tenant.weight]));
    const weights = [...tenants.values()].reduce((sum, each) => sum + each, 0);
    this.#virtualTime = Math.max(this.#virtualTime + entry.rows / weights, start);
    this.#starts.set(name, start + entry.rows / weight);
    this.remove(entry);
  }

  remove(entry: Entry): void {
    this.waiting.splice(this.waiting.indexOf(entry), 1);
  }
}

const WEIGHTS = [1, 2, 0.5, 8];
const step = fc.record({
  what: fc.constantFrom('push' as const, 'push' as const, 'serve' as const, 'remove' as const),
  tenant: fc.integer({ min: 0, max: 3 }),
  rows: fc.integer({ min: 1, max: 8 }),
  which: fc.nat(1000),
});

test('the order of service matches the reference when requests arrive, are served and leave from the middle', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const [queue, naive] = [new FairQueue(), new NaiveFairQueue()];
      let id = 0;
      for (const { what, tenant, rows, which } of steps) {
        if (what === 'push') {
          const weight = WEIGHTS[tenant] ?? 1;
          const entry = entryWith({ id: id++, rows, tenant: { name: `t${tenant}`, weight } });
          queue.push(entry);
          naive.push(entry);
        } else if (naive.waiting.length > 0) {
          const entry = what === 'serve' ? naive.next : naive.waiting[which % naive.waiting.length];
          assert.ok(entry !== undefined);
          queue[what](entry);
          naive[what](entry);
        }
        assert.equal(queue.next?.id, naive.next?.id);
        const youngest = new Set(queue.youngest());
        assert.equal(youngest.size, new Set(naive.waiting.map((each) => each.tenant.name)).size);
        for (const each of youngest) assert.equal(naive.of(each.tenant.name).at(-1), each);
      }
    }),
    { numRuns: 300 },
  );
});

test('an entry that replaces an older one takes its position', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), (ids) => {
      const queue = new FairQueue();
      for (const id of ids) queue.push(entryWith({ id }));
      const served: number[] = [];
      for (let next = queue.next; next !== undefined; next = queue.next) {
        served.push(next.id);
        queue.serve(next);
      }
      assert.deepEqual(
        served,
        [...ids].sort((a, b) => a - b),
      );
    }),
  );
});

test('long-run shares follow the weights for any sizes and order of arrival', () => {
  const tenants = fc.array(
    fc.record({
      weight: fc.double({ min: 0.25, max: 8, noNaN: true }),
      sizes: fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 5 }),
    }),
    { minLength: 2, maxLength: 4 },
  );
  fc.assert(
    fc.property(tenants, fc.array(fc.nat(3), { maxLength: 20, size: 'max' }), (them, order) => {
      const queue = new FairQueue();
      let id = 0;
      const turns = them.map(() => 0);
      const pushFor = (index: number) => {
        const { weight, sizes } = them[index] as (typeof them)[number];
        const turn = turns[index] ?? 0;
        turns[index] = turn + 1;
        queue.push(
          entryWith({
            id: id++,
            rows: sizes[turn % sizes.length] ?? 1,
            tenant: { name: `${index}`, weight },
          }),
        );
      };
      for (const index of order) if (index < them.length) pushFor(index);
      them.forEach((_, index) => {
        pushFor(index);
        pushFor(index);
      });
      const rows = them.map(() => 0);
      for (let served = 0; served < 600; served++) {
        const next = queue.next as Entry;
        queue.serve(next);
        (rows[Number(next.tenant.name)] as number) += next.rows;
        pushFor(Number(next.tenant.name));
      }
      // Two tenants that always have requests waiting differ by at most one request of each.
      for (const [a, one] of them.entries()) {
        for (const [b, other] of them.entries()) {
          const apart = (rows[a] as number) / one.weight - (rows[b] as number) / other.weight;
          const most = Math.max(...one.sizes) / one.weight + Math.max(...other.sizes) / other.weight;
          assert.ok(Math.abs(apart) <= most + 1e-6, `${apart} of ${most}`);
        }
      }
    }),
  );
});

test('an idle tenant accumulates no credit, and a short absence does not clear a debt', () => {
  const queue = new FairQueue();
  let id = 0;
  const push = (name: string, rows = 1) =>
    queue.push(entryWith({ id: id++, rows, tenant: { name, weight: 1 } }));
  const serve = () => {
    const next = queue.next as Entry;
    queue.serve(next);
    return next.tenant.name;
  };
  push('b');
  serve();
  for (let turn = 0; turn < 100; turn++) push('a');
  for (let turn = 0; turn < 50; turn++) serve();
  for (let turn = 0; turn < 20; turn++) push('b');
  const served = Array.from({ length: 20 }, serve).filter((name) => name === 'b').length;
  assert.ok(served >= 9 && served <= 11, `${served} of 20`);

  push('c', 10);
  while (serve() !== 'c') {}
  push('c');
  const before = Array.from({ length: 9 }, serve);
  assert.ok(!before.includes('c'), `${before}`);
});

test('a removed request is not charged', () => {
  const queue = new FairQueue();
  const large = entryWith({ id: 0, rows: 50, tenant: { name: 'a', weight: 1 } });
  queue.push(large);
  queue.push(entryWith({ id: 1, tenant: { name: 'b', weight: 1 } }));
  queue.push(entryWith({ id: 2, tenant: { name: 'a', weight: 1 } }));
  queue.remove(large);
  assert.equal(queue.next?.id, 2);
});

test('new tenants do not overtake a waiting request forever', () => {
  const queue = new FairQueue();
  const steady = { name: 'steady', weight: 1 };
  let id = 0;
  queue.push(entryWith({ id: id++, tenant: steady }));
  queue.serve(queue.next as Entry);
  const waiting = entryWith({ id: id++, tenant: steady });
  queue.push(waiting);
  for (let turn = 0; turn < 8; turn++)
    queue.push(entryWith({ id: id++, tenant: { name: `${id}`, weight: 1 } }));
  let served = 0;
  while (queue.next !== waiting && served < 1_000) {
    queue.serve(queue.next as Entry);
    served += 1;
    queue.push(entryWith({ id: id++, tenant: { name: `${id}`, weight: 1 } }));
  }
  assert.ok(served < 100, `overtaken by ${served}`);
});

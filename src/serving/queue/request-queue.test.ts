import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { entryWith } from '../../../test/support/entries.ts';
import { isRefusal } from '../../base/errors.ts';
import type { Ruling } from '../../batching/batch-policy.ts';
import type { Entry } from '../../work/entry.ts';
import type { Priority } from '../../work/priority.ts';
import { RequestQueue } from './request-queue.ts';

const PRIORITIES: readonly Priority[] = [0, 1, 2, 3];
const NAMES = ['a', 'b', 'c'];
const weightOf = (name: string) => ({ a: 1, b: 2, c: 0.5 })[name] ?? 1;
const tenant = (name: string) => ({ name, weight: weightOf(name) });

const arrival = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  bytes: fc.integer({ min: 0, max: 30 }),
  priority: fc.constantFrom(...PRIORITIES),
  tenant: fc.constantFrom(...NAMES).map(tenant),
  lane: fc.constantFrom('x', 'y'),
});

const sum = (entries: Iterable<Entry>, of: (entry: Entry) => number) =>
  [...entries].reduce((total, entry) => total + of(entry), 0);

function assertSame(queue: RequestQueue, waiting: ReadonlySet<Entry>): void {
  assert.equal(
    queue.rows,
    sum(waiting, ({ rows }) => rows),
  );
  assert.equal(
    queue.bytes,
    sum(waiting, ({ bytes }) => bytes),
  );
  for (const priority of PRIORITIES) {
    assert.equal(
      queue.rowsFrom(priority),
      sum(waiting, (entry) => (entry.priority >= priority ? entry.rows : 0)),
    );
  }
  for (const name of NAMES) {
    assert.equal(
      queue.rowsOf(tenant(name)),
      sum(waiting, (entry) => (entry.tenant.name === name ? entry.rows : 0)),
    );
  }
  assert.equal(queue.tenants, new Set([...waiting].map((entry) => entry.tenant.name)).size);
  const lanes = [...queue.lanes()];
  assert.equal(lanes.length, new Set([...waiting].map(({ lane }) => lane)).size);
  for (const lane of lanes) {
    const own = [...waiting].filter((entry) => entry.lane === lane.key);
    assert.equal(
      lane.rows,
      sum(own, ({ rows }) => rows),
    );
    assert.equal(lane.oldestId, Math.min(...own.map(({ id }) => id)));
    assert.ok(lane.next !== undefined && own.includes(lane.next));
  }
}

/** Reference implementation: the tenant that holds most by weight, and the requests to displace, found by scanning. */
function expectedVictims(
  entry: Entry,
  waiting: ReadonlySet<Entry>,
  maxRows: number,
  maxBytes: number,
): Entry[] {
  const left = new Set(waiting);
  const victims: Entry[] = [];
  const share = (name: string) =>
    sum(left, (each) => (each.tenant.name === name ? each.rows : 0)) / weightOf(name);
  const youngest = (entries: Entry[]) => entries.sort((a, b) => b.id - a.id)[0];
  while (
    sum(left, ({ rows }) => rows) + entry.rows > maxRows ||
    sum(left, ({ bytes }) => bytes) + entry.bytes > maxBytes
  ) {
    const lesser = [...left].filter(({ priority }) => priority < entry.priority);
    const least = Math.min(...lesser.map(({ priority }) => priority));
    let victim = youngest(lesser.filter(({ priority }) => priority === least));
    if (victim === undefined) {
      const equals = [...left].filter(({ priority }) => priority === entry.priority);
      const most = Math.max(...equals.map((each) => share(each.tenant.name)));
      victim = youngest(equals.filter((each) => share(each.tenant.name) === most));
      const own = share(entry.tenant.name) + entry.rows / entry.tenant.weight;
      if (!(most > own)) victim = undefined;
    }
    if (victim === undefined || victims.length >= 8) return [];
    victims.push(victim);
    left.delete(victim);
  }
  return victims;
}

const BOUNDS = { maxRows: 40, maxBytes: 250 };
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ what: fc.constant('arrive' as const), arrival }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('leave' as const), which: fc.nat(1000) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        what: fc.constant('take' as const),
        lane: fc.constantFrom('x', 'y'),
        rulings: fc.array(fc.constantFrom<Ruling>('take', 'take', 'drop'), { maxLength: 4 }),
      }),
    },
  ),
  { minLength: 40, maxLength: 80, size: 'max' },
);

test('counts are exact, bounds hold and the right requests are displaced in random sequences', () => {
  fc.assert(
    fc.property(steps, (them) => {
      const queue = new RequestQueue(BOUNDS);
      const waiting = new Set<Entry>();
      let id = 0;
      for (const step of them) {
        if (step.what === 'arrive') {
          const entry = entryWith({ id: id++, ...step.arrival });
          const room = queue.roomFor(entry);
          const [rows, bytes] = [queue.rows + entry.rows, queue.bytes + entry.bytes];
          const classRows = BOUNDS.maxRows * ([0.5, 0.7][entry.priority] ?? 1);
          const isOver = rows > BOUNDS.maxRows || bytes > BOUNDS.maxBytes;
          const victims = isOver ? expectedVictims(entry, waiting, BOUNDS.maxRows, BOUNDS.maxBytes) : [];
          if (rows > classRows && classRows < BOUNDS.maxRows)
            assert.equal(isRefusal(room) && room.reason, 'CLASS_SHED');
          else if (isOver && victims.length === 0) assert.equal(isRefusal(room) && room.reason, 'QUEUE_FULL');
          else
            assert.deepEqual(
              isRefusal(room) || room.map((each) => each.id),
              victims.map((each) => each.id),
            );
          if (!isRefusal(room)) {
            for (const victim of room) {
              assert.ok(victim.priority <= entry.priority);
              queue.remove(victim);
              queue.remove(victim);
              waiting.delete(victim);
            }
            queue.add(entry);
            waiting.add(entry);
          }
        } else if (step.what === 'leave') {
          const entry = [...waiting][step.which % Math.max(1, waiting.size)];
          if (entry !== undefined) queue.remove(entry);
          if (entry !== undefined) waiting.delete(entry);
        } else {
          const rulings = [...step.rulings];
          const { members, dropped } = queue.take(step.lane, { rule: () => rulings.shift() ?? 'stop' });
          for (const entry of [...members, ...dropped]) assert.ok(waiting.delete(entry));
          assert.ok(members.every(({ lane }) => lane === step.lane));
        }
        assert.ok(queue.rows <= BOUNDS.maxRows && queue.bytes <= BOUNDS.maxBytes);
        assertSame(queue, waiting);
      }
      assert.equal(queue.takeAll().length, waiting.size);
      assertSame(queue, new Set());
    }),
    { numRuns: 400 },
  );
});

test('lower priorities are admitted only below their share of the queue, and the refusal says so', () => {
  for (const [priority, most] of [
    [0, 50],
    [1, 70],
    [2, 100],
    [3, 100],
  ] as const) {
    const queue = new RequestQueue({ maxRows: 100, maxBytes: 1e6 });
    let id = 0;
    let room = queue.roomFor(entryWith({ id, priority }));
    while (!isRefusal(room)) {
      queue.add(entryWith({ id: id++, priority }));
      room = queue.roomFor(entryWith({ id, priority }));
    }
    assert.equal(queue.rows, most);
    assert.equal(room.reason, most < 100 ? 'CLASS_SHED' : 'QUEUE_FULL');
  }
});

test('a full queue does not admit lower priorities that a nearly full one refuses', () => {
  const queue = new RequestQueue({ maxRows: 10, maxBytes: 1e6 });
  for (let id = 0; id < 5; id++) queue.add(entryWith({ id, priority: 0, tenant: tenant('a') }));
  for (let id = 5; id < 9; id++) queue.add(entryWith({ id }));
  const reasons = [9, 10].map((id) => {
    const room = queue.roomFor(entryWith({ id, priority: 0, tenant: tenant('b') }));
    queue.add(entryWith({ id }));
    return isRefusal(room) && room.reason;
  });
  assert.deepEqual(reasons, ['CLASS_SHED', 'CLASS_SHED']);
});

test('a request over maxBytes is refused with the byte count at any priority', () => {
  for (const priority of PRIORITIES) {
    const queue = new RequestQueue({ maxRows: 100, maxBytes: 10 });
    queue.add(entryWith({ id: 0, bytes: 9, priority: 3 }));
    const room = queue.roomFor(entryWith({ id: 1, bytes: 2, priority }));
    assert.ok(isRefusal(room) && room.reason === 'QUEUE_FULL', JSON.stringify(room));
    assert.match(room.message, /bytes/);
  }
});

test('room for a large request is taken from all tenants that hold much, not from one alone', () => {
  const queue = new RequestQueue({ maxRows: 20, maxBytes: 1e6 });
  for (let id = 0; id < 20; id++)
    queue.add(entryWith({ id, tenant: { name: id % 2 ? 'a' : 'c', weight: 1 } }));
  const room = queue.roomFor(entryWith({ id: 20, rows: 4, tenant: { name: 'b', weight: 1 } }));
  assert.ok(!isRefusal(room));
  assert.deepEqual(
    room.map((entry) => entry.id).sort((x, y) => x - y),
    [16, 17, 18, 19],
  );
});

test('one tenant cannot fill the queue for all others', () => {
  const queue = new RequestQueue({ maxRows: 20, maxBytes: 1e6 });
  for (let id = 0; id < 20; id++) queue.add(entryWith({ id, tenant: tenant('a') }));
  const room = queue.roomFor(entryWith({ id: 20, tenant: tenant('b') }));
  assert.deepEqual(!isRefusal(room) && room.map((entry) => entry.id), [19]);
  assert.ok(isRefusal(queue.roomFor(entryWith({ id: 21, tenant: tenant('a') }))));
});

test('ageing is bounded: a lower priority is served before a higher one that arrives more than its lead later', () => {
  const queue = new RequestQueue({ maxRows: 1000, maxBytes: 1e6 });
  const patient = entryWith({ id: 0, receivedAt: 0, priority: 0 });
  queue.add(patient);
  const served: number[] = [];
  for (let id = 1; id < 100; id++) {
    queue.add(entryWith({ id, receivedAt: id * 100, priority: 3 }));
    let isTaken = false;
    const rule = () => {
      if (isTaken) return 'stop' as const;
      isTaken = true;
      return 'take' as const;
    };
    served.push(...queue.take('', { rule }).members.map((entry) => entry.receivedAt));
    if (!patient.isQueued) break;
  }
  assert.equal(served.at(-1), 0);
  assert.ok(Math.max(...served) <= 3_000, `${served}`);
});

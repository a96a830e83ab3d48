import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../base/random.ts';
import type { ReplicaView } from '../replica/roster.ts';
import { Balancer, type Load } from './balancer.ts';
import { eligible } from './eligible.ts';
import { LeastConnections } from './least-connections.ts';
import { LeastLatency } from './least-latency.ts';
import { RandomPick } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';
import { Weighted } from './weighted.ts';

const makers: Readonly<Record<string, () => Strategy>> = {
  'round robin': () => new RoundRobin(),
  'least connections': () => new LeastConnections(),
  'least latency': () => new LeastLatency(),
  random: () => new RandomPick(seededRandom(1)),
  weighted: () => new Weighted(),
};

const ONE = { rows: 1, lane: '' };

function view(index: number, more: Partial<ReplicaView> = {}): ReplicaView {
  const service = { batches: 0, factor: 1, predictMs: () => 0, spread: () => 0 };
  return {
    id: `r${index}`,
    index,
    healthStatus: 'ready',
    isSetApart: false,
    running: 0,
    weight: 1,
    share: 1,
    service,
    busyUntil: 0,
    ...more,
  };
}

const ANY = {
  pin: undefined,
  avoid: undefined,
  mayQueueInReplica: false,
  rows: 1,
  lane: '',
  batchesBehind: 0,
  deadline: Number.POSITIVE_INFINITY,
};

function pick(balancer: Balancer, load: Partial<Load>, free: readonly ReplicaView[]) {
  const fleet = { all: free, free, wanted: free.length };
  return balancer.pick({ ...ANY, ...load }, { ...fleet, now: 0, eligible: eligible(fleet) });
}

const fleets = fc.array(
  fc.record({
    healthStatus: fc.constantFrom('ready' as const, 'degraded' as const, 'ejected' as const, undefined),
    running: fc.integer({ min: 0, max: 1 }),
    weight: fc.integer({ min: 1, max: 5 }),
  }),
  { maxLength: 6 },
);

for (const [name, make] of Object.entries(makers)) {
  test(`${name} picks only eligible replicas, and one whenever there is one`, () => {
    fc.assert(
      fc.property(fleets, fc.boolean(), (facts, mayQueueInReplica) => {
        const balancer = new Balancer(make());
        const free = facts.map((fact, index) => view(index, fact));
        const of = (wanted: string) => free.filter(({ healthStatus }) => healthStatus === wanted);
        const isPanic = 2 * (of('ready').length + of('degraded').length) < free.length;
        const choices = [of('ready'), of('degraded'), isPanic ? of('ejected') : []];
        const ready = choices.find((choice) => choice.length > 0) ?? [];
        const idle = ready.filter(({ running }) => running === 0);
        const picked = pick(balancer, { mayQueueInReplica }, free);
        if (idle.length > 0) assert.ok(picked !== undefined && idle.includes(picked));
        else if (mayQueueInReplica && ready.length > 0)
          assert.ok(picked !== undefined && ready.includes(picked));
        else assert.equal(picked, undefined);
      }),
    );
  });

  test(`${name} gives equal replicas equal shares`, () => {
    const strategy = make();
    const fleet = [0, 1, 2, 3].map((index) => view(index));
    const counts = new Map<string, number>();
    for (let pick = 0; pick < 4000; pick++) {
      const { id } = strategy.pick(fleet, ONE);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 120, `${[...counts]}`);
    assert.equal(counts.size, 4);
  });
}

test('pinned work goes to its replica in any state, and to no other', () => {
  const balancer = new Balancer(new RoundRobin());
  const free = [view(0), view(1, { healthStatus: undefined })];
  assert.equal(pick(balancer, { pin: 'r1' }, free)?.id, 'r1');
  assert.equal(pick(balancer, { pin: 'r9' }, free), undefined);
});

test('weighted: 5, 1, 1 gives a a b a c a a', () => {
  const strategy = new Weighted();
  const fleet = [view(0, { weight: 5 }), view(1), view(2)];
  const picks = Array.from({ length: 7 }, () => strategy.pick(fleet).index);
  assert.deepEqual(picks, [0, 0, 1, 0, 2, 0, 0]);
});

test('random: shares follow the weights', () => {
  const strategy = new RandomPick(seededRandom(3));
  const fleet = [view(0, { weight: 3 }), view(1)];
  let first = 0;
  for (let pick = 0; pick < 4000; pick++) if (strategy.pick(fleet).index === 0) first += 1;
  assert.ok(Math.abs(first - 3000) < 120, `${first}`);
});

test('round robin: the cursor survives changes of the fleet', () => {
  const strategy = new RoundRobin();
  const fleet = [view(0), view(1), view(2)];
  assert.equal(strategy.pick(fleet).index, 0);
  assert.equal(strategy.pick(fleet.slice(1)).index, 1);
  assert.equal(strategy.pick(fleet).index, 2);
  assert.equal(strategy.pick(fleet).index, 0);
});

test('least connections: outstanding work counts against the weight', () => {
  const strategy = new LeastConnections();
  assert.equal(strategy.pick([view(0, { running: 1 }), view(1)]).index, 1);
  assert.equal(strategy.pick([view(0, { running: 1, weight: 4 }), view(1)]).index, 0);
});

/** A replica whose batches take `ms`. */
function taking(index: number, ms: number, more: Partial<ReplicaView> = {}, spread = 0): ReplicaView {
  const service = { batches: 50, factor: 1, predictMs: () => ms, spread: () => spread };
  return view(index, { service, ...more });
}

test('where single batches differ much, a replica that seems a few times slower is used', () => {
  const idle = (ms: number, spread: number) => {
    const all = [taking(0, 10, { running: 1 }), taking(1, ms, {}, spread)];
    const free = all.slice(1);
    return new Balancer(new RoundRobin()).pick(ANY, { all, free, wanted: 2, now: 0, eligible: free });
  };
  assert.equal(idle(30, 0.05), undefined);
  assert.equal(idle(30, 1)?.id, 'r1');
  assert.equal(idle(100, 1), undefined, 'but not one ten times slower');
});

test('a batch is not sent to an idle replica ten times slower while a fast one will soon be free', () => {
  const balancer = new Balancer(new RoundRobin());
  const fleet = { all: [taking(0, 10, { running: 1 }), taking(1, 100)], wanted: 2 };
  const free = fleet.all.slice(1);
  const facts = { ...fleet, free, eligible: free, now: 0 };
  assert.equal(balancer.pick(ANY, facts), undefined);
  assert.equal(
    balancer.pick({ ...ANY, batchesBehind: 20 }, facts)?.id,
    'r1',
    'a long queue justifies the slow one',
  );
  assert.equal(balancer.pick({ ...ANY, deadline: 15 }, facts)?.id, 'r1', 'waiting would be too late');
  assert.equal(
    balancer.pick({ ...ANY, avoid: 'r0' }, facts)?.id,
    'r1',
    'no batch waits for the replica it avoids',
  );
  const alone = { ...facts, all: free };
  assert.equal(balancer.pick(ANY, alone)?.id, 'r1');
});

test('work that failed at one replica goes to another one', () => {
  const balancer = new Balancer(new RoundRobin());
  for (let turn = 0; turn < 4; turn++)
    assert.equal(pick(balancer, { avoid: 'r0' }, [view(0), view(1)])?.id, 'r1');
  assert.equal(pick(balancer, { avoid: 'r0' }, [view(0)]), undefined);
});

test('least latency goes by the measured service times, and ties take turns', () => {
  const strategy = new LeastLatency();
  const fleet = [taking(0, 10), taking(1, 10.2), taking(2, 14), taking(3, 10, { running: 1 })];
  const picks = Array.from({ length: 6 }, () => strategy.pick(fleet, ONE).index);
  assert.deepEqual(picks, [0, 1, 0, 1, 0, 1]);
});

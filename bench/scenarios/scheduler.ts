import { Balancer } from '../../src/balancing/balancer.ts';
import { LeastConnections } from '../../src/balancing/least-connections.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { NO_MARGIN } from '../../src/batching/margin.ts';
import { SloPolicy } from '../../src/batching/slo-policy.ts';
import { Roster } from '../../src/replica/roster.ts';
import { QueueSource } from '../../src/serving/dispatch/queue-source.ts';
import { Deadlines } from '../../src/serving/queue/deadlines.ts';
import { RequestQueue } from '../../src/serving/queue/request-queue.ts';
import { TransportTime } from '../../src/serving/queue/transport-time.ts';
import { Quarantine } from '../../src/serving/recovery/quarantine.ts';
import { Recovery } from '../../src/serving/recovery/recovery.ts';
import { KnownCurve } from '../../src/simulate/policies/known-curve.ts';
import { Entry, type Tenant } from '../../src/work/entry.ts';
import type { Priority } from '../../src/work/priority.ts';
import { median, type Scenario } from '../scenario.ts';

const QUEUED = 1_000;
const LOOPS = 100_000;
const ROUNDS = 9;
const BATCH_ROWS = 32;

/** The cost of a decision with a thousand requests in the queue, and of enqueueing and dequeueing a request. */
export const scheduler: Scenario = async (say) => {
  const plain = measure(1, 1);
  const mixed = measure(8, 4);
  const lanes = measure(1, 1, 64);
  say(`one tenant, one class: ${plain.decisionUs.toFixed(2)} µs per decision`);
  say(`8 tenants, 4 classes: ${mixed.decisionUs.toFixed(2)} µs per decision`);
  say(`64 lanes: ${lanes.decisionUs.toFixed(2)} µs per decision`);
  const ratio = Math.max(plain.decisionUs, mixed.decisionUs);
  return {
    ...{ ratio, aim: '<= 2 µs', isMet: ratio <= 2, pairs: [plain.decisionUs, mixed.decisionUs] },
    also: {
      requestInAndOutUs: plain.requestUs,
      requestInAndOutMixedUs: mixed.requestUs,
      decisionOf64LanesUs: lanes.decisionUs,
    },
  };
};

function measure(tenants: number, classes: number, lanes = 1) {
  const clock = new VirtualClock();
  const roster = rosterOf(4);
  const queue = new RequestQueue({ maxRows: 2 * QUEUED, maxBytes: 1e9 });
  const deadlines = new Deadlines(clock, () => {});
  const curve = new KnownCurve(1, 0.1);
  const objective = { latencyMs: 1e6, percentile: 99 };
  const maxBatchSize = () => BATCH_ROWS;
  const recovery = new Recovery({
    ...{ clock, roster, budget: { share: 0.2, min: 3 } as never },
    quarantine: new Quarantine(clock, { denyMs: 1, denyEntries: 1 }),
    mayTakeItsTime: true,
    isDenied: () => false,
    inFlight: () => QUEUED,
    whyNot: () => undefined,
    wake() {},
  });
  const source = new QueueSource({
    ...{ queue, deadlines, roster, maxBatchSize, transport: new TransportTime(1) },
    owner: recovery,
    badShare: (now) => recovery.badShare(now),
    policy: new SloPolicy({ objective, goal: 'latency', maxBatchSize, curveOf: () => curve }),
    shedShare: () => 0,
    margin: NO_MARGIN,
    drop() {},
  });
  const balancer = new Balancer(new LeastConnections());
  const owner = { settled() {} };
  const accounts = Array.from({ length: tenants }, (_, index) => ({ name: `t${index}`, weight: 1 + index }));
  const laneNames = Array.from({ length: lanes }, (_, index) => String(index));
  let made = 0;
  const add = () => {
    const id = made++;
    const entry = new Entry(
      {
        id,
        request: undefined as never,
        lane: laneNames[id % lanes] ?? '',
        rows: 1,
        bytes: 1,
        receivedAt: 0,
        deadline: 1e9,
        dueBy: 1e6,
        rank: id % 7,
        priority: (id % classes) as Priority,
        tenant: accounts[id % tenants] as Tenant,
        contentKey: undefined,
        isExplained: false,
      },
      owner,
      () => {},
    );
    queue.asked(entry);
    queue.add(entry);
    deadlines.add(entry);
    return entry;
  };
  for (let index = 0; index < QUEUED; index++) add();
  const free = roster.free();
  const facts = { now: 0, isTurnEnding: true, all: roster.views(), free, eligible: free, wanted: 4 };
  const decide = () => {
    const offer = source.peek(facts);
    if (offer?.kind !== 'work') throw new Error('the policy offered no batch');
    return { offer, replica: balancer.pick(offer, facts) };
  };
  const decisions = times(LOOPS, decide);
  const requests = times(LOOPS / BATCH_ROWS, () => {
    const { offer, replica } = decide();
    if (replica === undefined) throw new Error('no replica was picked');
    for (const member of offer.take(replica)?.members ?? []) {
      deadlines.remove(member as Entry);
      add();
    }
  });
  return { decisionUs: decisions, requestUs: (requests - decisions) / BATCH_ROWS };
}

function rosterOf(replicas: number): Roster {
  const roster = new Roster();
  for (let index = 0; index < replicas; index++) {
    const id = `m/1#${index}`;
    roster.add({ id, incarnation: 1, start() {}, cancel() {}, drain() {}, kill() {} }, index, 1);
    roster.setHealthStatus(id, 'ready');
    roster.grant(id, 1);
  }
  return roster;
}

/** Median duration of one call in µs. */
function times(loops: number, run: () => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now();
    for (let loop = 0; loop < loops; loop++) run();
    return ((performance.now() - startedAt) * 1000) / loops;
  });
  return median(rounds);
}

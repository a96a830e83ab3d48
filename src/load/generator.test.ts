import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Clock, RANK } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { VirtualClock } from '../base/virtual-clock.ts';
import { runLoad } from './generator.ts';
import type { Load } from './load.ts';
import type { LoadReport } from './load-report.ts';
import type { AnswerListener, Connect, FailureKind } from './raw-connection.ts';

/** The reaction of a simulated server to a request. */
type Fate = ({ afterMs: number } & ({ status: number } | { failure: FailureKind })) | 'silence';

/** Answers in virtual time as `fateOf` determines. */
class SimulatedServer {
  readonly received: string[] = [];
  mostUnderWay = 0;
  #underWay = 0;
  readonly #clock: Clock;
  readonly #fateOf: (request: number) => Fate;

  constructor(clock: Clock, fateOf: (request: number) => Fate) {
    this.#clock = clock;
    this.#fateOf = fateOf;
  }

  readonly connect: Connect = (listener) => {
    let abandon: (() => void) | undefined;
    return {
      send: (bytes) => {
        assert.equal(abandon, undefined, 'a connection carries one request at a time');
        this.#underWay += 1;
        this.mostUnderWay = Math.max(this.mostUnderWay, this.#underWay);
        abandon = this.#serve(bytes, listener, () => {
          this.#underWay -= 1;
          abandon = undefined;
        });
      },
      close: () => abandon?.(),
    };
  };

  #serve(bytes: Buffer, listener: AnswerListener, over: () => void): () => void {
    const fate = this.#fateOf(this.received.push(bytes.toString()) - 1);
    if (fate === 'silence') return over;
    const timer = this.#clock.at(
      this.#clock.now() + fate.afterMs,
      () => {
        over();
        if ('failure' in fate) listener.failed(fate.failure, 'simulated');
        else
          listener.answered(fate.status, listener.keepsBody(fate.status) ? Buffer.from('body') : undefined);
      },
      RANK.completion,
    );
    return () => {
      timer.cancel();
      over();
    };
  }
}

const TURN_MS = 0.05;
const base: Load = {
  requests: [Buffer.from('a')],
  schedule: { kind: 'open', ratePerSecond: 1000 },
  warmupMs: 0,
  durationMs: 1000,
  timeoutMs: 500,
  maxConnections: 1024,
  keepsFirstAnswer: false,
};

interface Run {
  readonly report: LoadReport;
  readonly server: SimulatedServer;
  /** The end of the run. */
  readonly endedMs: number;
}

async function simulate(
  change: Partial<Load>,
  fateOf: (request: number, nowMs: number) => Fate,
): Promise<Run> {
  const virtual = new VirtualClock();
  // A turn takes time here; otherwise busy waiting would never end.
  const clock: Clock = {
    now: () => virtual.now(),
    at: (dueMs, wake, rank) => virtual.at(dueMs, wake, rank),
    endOfTurn: (run) => virtual.at(virtual.now() + TURN_MS, run),
  };
  const server = new SimulatedServer(clock, (request) => fateOf(request, virtual.now()));
  const env = { clock, now: () => virtual.now(), cpuMicros: () => 0, random: seededRandom(5) };
  const done = runLoad({ ...base, ...change }, { ...env, connect: server.connect });
  virtual.runAll();
  return { report: await done, server, endedMs: virtual.now() };
}

const within = (actual: number, expected: number, share: number) =>
  assert.ok(Math.abs(actual / expected - 1) <= share, `${actual} is not within ${share} of ${expected}`);

test('a closed loop has as many requests in progress as its concurrency', async () => {
  const { report, server } = await simulate({ schedule: { kind: 'closed', concurrency: 8 } }, () => ({
    status: 200,
    afterMs: 10,
  }));
  assert.equal(server.mostUnderWay, 8);
  assert.equal(report.connections, 8);
  within(report.ratePerSecond, 800, 0.02);
  within(report.latencyMs.p50, 10, 0.02);
  within(report.latencyMs.max, 10, 1e-9);
});

test('an open loop keeps its rate for any behaviour of the server', async () => {
  const { report } = await simulate({ durationMs: 10_000 }, () => ({ status: 200, afterMs: 30 }));
  within(report.requests, 10_000, 0.03);
  within(report.ratePerSecond, 1000, 0.03);
  within(report.latencyMs.p50, 30, 0.02);
  assert.ok(report.issueDelayP99Ms <= 2 * TURN_MS);
  assert.equal(report.elapsedMs, 10_000);
  assert.equal(report.warning, undefined);
});

test('the latency of requests due during a stall includes the whole wait', async () => {
  let freeAtMs = 0;
  const oneWorker = (_: number, nowMs: number): Fate => {
    const isStalled = nowMs >= 400 && freeAtMs < 500;
    freeAtMs = isStalled ? 500 : Math.max(freeAtMs, nowMs) + 0.1;
    return { status: 200, afterMs: freeAtMs - nowMs };
  };
  const few = await simulate({ maxConnections: 4 }, oneWorker);
  // A tenth of all requests was due in the stall and waited 50 ms on average, although only 4 could be sent.
  within(few.report.latencyMs.p99, 90, 0.1);
  within(few.report.latencyMs.mean, 5, 0.3);
  assert.equal(few.server.mostUnderWay, 4);
  assert.match(few.report.warning ?? '', /all connections were in use/);
});

test('requests are sent in rotation', async () => {
  const requests = ['a', 'b', 'c'].map((text) => Buffer.from(text));
  const { server } = await simulate({ requests, requestCount: 7 }, () => ({ status: 200, afterMs: 5 }));
  assert.deepEqual(server.received, ['a', 'b', 'c', 'a', 'b', 'c', 'a']);
});

test('requests due in the warmup are sent but not counted', async () => {
  const { report, server } = await simulate({ warmupMs: 500, durationMs: 1000 }, (_, nowMs) => ({
    status: nowMs < 500 ? 500 : 200,
    afterMs: 1,
  }));
  assert.deepEqual([report.errors, report.firstError, report.elapsedMs], [{}, undefined, 1000]);
  within(server.received.length - report.requests, 375, 0.15);
  within(report.requests, 1000, 0.1);
});

test('a run without durationMs ends with its last request', async () => {
  const { report, endedMs } = await simulate({ durationMs: undefined, requestCount: 50 }, () => ({
    status: 200,
    afterMs: 20,
  }));
  assert.deepEqual([report.requests, report.succeeded], [50, 50]);
  within(report.elapsedMs, endedMs, 0.01);
});

test('with a server that never answers, every request times out and the run ends', async () => {
  const { report, server, endedMs } = await simulate({ timeoutMs: 200, maxConnections: 10 }, () => 'silence');
  assert.equal(report.succeeded, 0);
  assert.deepEqual(report.errors, { timeout: report.requests });
  within(report.requests, 1000, 0.1);
  assert.equal(server.mostUnderWay, 10);
  within(endedMs, 1200, 0.01);
});

test('a refused connection is retried after a pause', async () => {
  const { report, server } = await simulate({ schedule: { kind: 'closed', concurrency: 2 } }, () => ({
    failure: 'connect',
    afterMs: 0.1,
  }));
  within(server.received.length, 20, 0.1);
  assert.deepEqual(report.errors, { connect: server.received.length });
  assert.equal(report.firstError, 'connect: simulated');
});

test('a request without a free connection in time fails without being sent', async () => {
  const { report, server } = await simulate({ maxConnections: 2, timeoutMs: 50 }, () => ({
    failure: 'connect',
    afterMs: 1,
  }));
  assert.ok(server.received.length < 50, 'connections pause for 100 ms, and most requests wait only 50');
  assert.equal((report.errors.timeout ?? 0) + (report.errors.connect ?? 0), report.requests);
  within(report.requests, 1000, 0.1);
});

test('the report contains the first answer on request', async () => {
  const { report } = await simulate({ requestCount: 5, keepsFirstAnswer: true }, () => ({
    status: 200,
    afterMs: 1,
  }));
  assert.deepEqual(report.firstAnswer, { request: 0, status: 200, bodyBase64: 'Ym9keQ==' });
});

test('an invalid load rejects', async () => {
  await assert.rejects(
    simulate({ requests: [] }, () => 'silence'),
    /at least one request/,
  );
  await assert.rejects(
    simulate({ schedule: { kind: 'open', ratePerSecond: 0 } }, () => 'silence'),
    RangeError,
  );
});

// Every answer takes time: a closed loop of instant answers would never leave the first instant.
const afterMs = fc.double({ min: 0.1, max: 300, noNaN: true });
const fates = fc.oneof(
  fc.record({ status: fc.constantFrom(200, 404, 503), afterMs }),
  fc.record({ failure: fc.constantFrom<FailureKind>('connect', 'reset', 'malformed'), afterMs }),
  fc.constant<'silence'>('silence'),
);
const schedules = fc.oneof(
  fc.record({ kind: fc.constant('closed' as const), concurrency: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    kind: fc.constant('open' as const),
    ratePerSecond: fc.double({ min: 5, max: 2000, noNaN: true }),
  }),
);

test('every due request ends exactly once, as a success or as one error', async () => {
  await fc.assert(
    fc.asyncProperty(
      schedules,
      fc.array(fates, { minLength: 1 }),
      fc.nat(200),
      fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
      fc.integer({ min: 1, max: 20 }),
      async (schedule, sequence, warmupMs, requestCount, maxConnections) => {
        const change = { schedule, warmupMs, durationMs: 400, requestCount, maxConnections, timeoutMs: 150 };
        const fateOf = (request: number) => sequence[request % sequence.length] ?? 'silence';
        const { report, server } = await simulate(change, fateOf);
        const failed = Object.values(report.errors).reduce((sum, count) => sum + count, 0);
        assert.equal(report.succeeded + failed, report.requests);
        assert.equal(report.firstError === undefined, failed === 0);
        assert.ok(report.requests <= (requestCount ?? report.requests));
        const limit = schedule.kind === 'closed' ? schedule.concurrency : maxConnections;
        assert.ok(server.mostUnderWay <= limit && report.connections <= limit);
        assert.ok(report.latencyMs.max <= 150);
      },
    ),
  );
});

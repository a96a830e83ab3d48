import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RealClock } from '../../src/base/clock.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import type { InferenceRequest } from '../../src/model/inference.ts';
import { ProcessSpawner } from '../../src/process/gateway-side/spawner.ts';
import type { Exit } from '../../src/replica/exit.ts';
import type { Replica, Spawner } from '../../src/replica/replica.ts';
import { wellBehaved } from '../../src/simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../src/simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../src/tensor/tensor.ts';
import type { Outcome } from '../../src/work/outcome.ts';
import { until } from '../support/until.ts';

/** The contract of every backend: a real process, or a simulated one behind the same wire. */
interface Body {
  readonly name: string;
  readonly spawner: Spawner;
  /** Waits until the condition holds; advances the time of the simulated backend. */
  when(what: string, holds: () => boolean): Promise<void>;
}

const ORDER = {
  runtime: 'module',
  file: fileURLToPath(new URL('../models/fragile/model.js', import.meta.url)),
  threads: 1,
  device: 'cpu',
  batchAxis: undefined,
  finite: 'nan',
  heartbeatPeriodMs: 50,
  maxAnswerBytes: 2 ** 20,
  maxErrorCharacters: 8192,
} as const;
const METADATA = {
  platform: 'galley_module',
  inputs: [{ name: 'order', datatype: 'INT32', shape: [-1] }],
  outputs: [{ name: 'done', datatype: 'INT32', shape: [-1] }],
  readsParameters: true,
} as const;
/** Behaviour of the model `fragile` by input number; the simulated backend does the same. */
const [THROW, DIE, HANG, GARBAGE] = [1, 2, 3, 5];

const children: { kill(cause: 'ended'): void }[] = [];
after(() => {
  for (const child of children) child.kill('ended');
});

function realBody(): Body {
  const spawner = new ProcessSpawner(ORDER, () => {}, {
    clock: new RealClock(),
    terms: { env: {}, nice: 0, maxLineCharacters: 8192, maxLinesPerSecond: 100 },
  });
  return { name: 'a real process', spawner, when: async (what, holds) => void (await until(what, holds)) };
}

function simulatedBody(): Body {
  const clock = new VirtualClock();
  const order = (inputs: readonly { data: { chunks: readonly Uint8Array[] } }[]) =>
    new Int32Array(Uint8Array.from(inputs[0]?.data.chunks.flatMap((chunk) => [...chunk]) ?? []).buffer);
  const behaviour = {
    ...wellBehaved({ metadata: METADATA, credits: 2, loadMs: 5, serviceMs: () => 1 }),
    heartbeatPeriodMs: 50,
    result: ({ inputs }: { inputs: Parameters<typeof order>[0] }) => {
      const orders = order(inputs);
      if (orders.includes(THROW as number)) return { kind: 'throw', message: 'told to throw' } as const;
      if (orders.includes(DIE as number))
        return { kind: 'die', code: null, signal: 'SIGKILL', isTold: true } as const;
      if (orders.includes(HANG as number)) return { kind: 'hang' } as const;
      return orders.includes(GARBAGE as number)
        ? ({ kind: 'garbage' } as const)
        : ({ kind: 'answer' } as const);
    },
  };
  const spawner = new SimulatedSpawner(clock, behaviour);
  return {
    name: 'a simulated one',
    spawner,
    when: async (what, holds) => {
      for (let step = 0; step < 20_000 && !holds(); step++) clock.advance(1);
      assert.ok(holds(), what);
    },
  };
}

/** A replica and a log of its reports, in order. */
function spawn({ spawner }: Body) {
  const reports: string[] = [];
  let credits = 0;
  let exit: Exit | undefined;
  const replica: Replica = spawner.spawn(
    'm/1#0',
    1,
    { device: 'cpu', threads: 1 },
    {
      loaded: () => reports.push('loaded'),
      loadFailed: (message) => reports.push(`load failed: ${message}`),
      credited: (batches) => {
        credits += batches;
        reports.push('credited');
      },
      heartbeat: () => reports.push('heartbeat'),
      exited: (it) => {
        exit = it;
        reports.push('exited');
      },
    },
  );
  children.push(replica);
  const run = (id: number, ...orders: number[]) => {
    const parts: (number[] | string)[] = [];
    let ended: Outcome | undefined;
    let isStarting = true;
    replica.start(
      {
        id,
        rows: orders.length,
        members: orders.map((order) => ({ rows: 1, request: requestOf(order), lane: '' })),
      },
      {
        part: (member, answer) => {
          assert.equal(isStarting, false, 'an answer inside start');
          parts[member] =
            'reason' in answer
              ? answer.reason
              : answer.outputs.flatMap(({ data }) =>
                  data.chunks.flatMap((chunk) => [...chunk].filter((_, index) => index % 4 === 0)),
                );
        },
        end: (outcome) => {
          assert.equal(isStarting, false, 'an outcome inside start');
          assert.equal(ended, undefined, 'two outcomes');
          ended = outcome;
          reports.push(`ended ${id}`);
        },
      },
    );
    isStarting = false;
    return { parts, outcome: () => ended };
  };
  return { replica, reports, run, credits: () => credits, exit: () => exit };
}

/** Heartbeats are periodic, also while the model is being loaded. */
function withoutBeats(reports: readonly string[]): string[] {
  return reports.filter((report) => report !== 'heartbeat');
}

function requestOf(order: number): InferenceRequest {
  const data = bytesOf(Int32Array.of(order));
  const inputs = [{ name: 'order', datatype: 'INT32' as const, shape: [1], data }];
  return { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
}

for (const make of [realBody, simulatedBody]) {
  const { name } = make();

  test(`${name} loads, gives credits, sends heartbeats, answers each member, and exits when it is drained`, async () => {
    const body = make();
    const { replica, reports, run, credits, exit } = spawn(body);
    await body.when('it is loaded', () => credits() > 0);
    assert.deepEqual(withoutBeats(reports), ['loaded', 'credited']);
    assert.equal(credits(), 2);
    const [one, two] = [run(1, 7, 8), run(2, 9)];
    await body.when('both have ended', () => two.outcome() !== undefined);
    assert.deepEqual(one.parts, [[7], [8]]);
    assert.deepEqual(two.parts, [[9]]);
    assert.equal(one.outcome()?.kind, 'done');
    await body.when('it beats', () => reports.includes('heartbeat'));
    replica.drain();
    await body.when('it has left', () => exit() !== undefined);
    assert.deepEqual([exit()?.code, exit()?.cause], [0, 'left']);
  });

  test(`${name} finishes its batches when it is drained`, async () => {
    const body = make();
    const { replica, run, credits, exit } = spawn(body);
    await body.when('it is loaded', () => credits() > 0);
    const batch = run(1, 4);
    replica.drain();
    await body.when('it has left', () => exit() !== undefined);
    assert.equal(batch.outcome()?.kind, 'done');
  });

  test(`${name} continues when its model throws`, async () => {
    const body = make();
    const { replica, run, credits } = spawn(body);
    await body.when('it is loaded', () => credits() > 0);
    const [bad, good] = [run(1, THROW as number), run(2, 0)];
    await body.when('both have ended', () => good.outcome() !== undefined);
    const outcome = bad.outcome();
    assert.match(outcome?.kind === 'threw' ? outcome.message : '', /told to throw/);
    assert.equal(good.outcome()?.kind, 'done');
    replica.kill('ended');
  });

  test(`${name} reports its exit before its batches are lost, and only the first of them was running`, async () => {
    const body = make();
    const { reports, run, credits, exit } = spawn(body);
    await body.when('it is loaded', () => credits() > 0);
    const [running, waiting] = [run(1, DIE as number), run(2, 0)];
    await body.when('both are lost', () => waiting.outcome() !== undefined);
    assert.deepEqual(reports.filter((report) => report !== 'heartbeat').slice(2), [
      'exited',
      'ended 1',
      'ended 2',
    ]);
    assert.equal(exit()?.cause, 'crash');
    assert.equal(exit()?.batch, 1);
    const [first, second] = [running.outcome(), waiting.outcome()];
    assert.ok(first?.kind === 'lost' && first.wasRunning);
    assert.ok(second?.kind === 'lost' && !second.wasRunning);
  });

  test(`${name} that hangs ends when it is killed, with the cause of the kill`, async () => {
    const body = make();
    const { replica, run, credits, exit } = spawn(body);
    await body.when('it is loaded', () => credits() > 0);
    const batch = run(1, HANG as number);
    replica.kill('watchdog');
    await body.when('it is lost', () => batch.outcome() !== undefined);
    const outcome = batch.outcome();
    assert.equal(outcome?.kind === 'lost' && outcome.cause, 'watchdog');
    assert.equal(exit()?.signal, 'SIGKILL');
  });

  test(`${name} that writes an invalid frame is ended`, async () => {
    const body = make();
    const { run, credits, exit } = spawn(body);
    await body.when('it is loaded', () => credits() > 0);
    const batch = run(1, GARBAGE as number);
    await body.when('it is lost', () => batch.outcome() !== undefined);
    assert.equal(exit()?.cause, 'protocol');
    assert.match(exit()?.detail ?? '', /not a frame header/);
    const outcome = batch.outcome();
    assert.ok(outcome?.kind === 'lost' && outcome.wasRunning);
  });
}

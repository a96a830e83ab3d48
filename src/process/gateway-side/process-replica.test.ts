import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Exit } from '../../replica/exit.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import type { Outcome } from '../../work/outcome.ts';
import { encodeAnswer, encodeEnd } from '../wire/batch-frames.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import type { Pipe } from '../wire/pipe.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND, type Kind } from '../wire/wire.ts';
import type { ChildHandle, ProcessEnd } from './child-handle.ts';
import { ProcessReplica } from './process-replica.ts';

const ORDER: LoadOrder = {
  ...{ runtime: 'module', file: '', threads: 1, device: 'cpu', finite: 'off', heartbeatPeriodMs: 1 },
  ...{ maxAnswerBytes: 10_000, maxErrorCharacters: 100 },
};
const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1, 2] } as const;
const METADATA: ModelMetadata = {
  platform: 'p',
  inputs: [TENSOR],
  outputs: [TENSOR],
  readsParameters: false,
};

/** A pipe whose other end is the test. */
class TestPipe implements Pipe {
  #listener: Parameters<Pipe['listen']>[0] | undefined;
  listen(listener: Parameters<Pipe['listen']>[0]): void {
    this.#listener = listener;
  }
  write(): void {}
  destroy(): void {}
  say(bytes: Uint8Array): void {
    this.#listener?.data(Buffer.from(bytes));
  }
  close(): void {
    this.#listener?.closed();
  }
}

/** A replica on test pipes that records what it reports. */
function setUp() {
  const [data, control, direct] = [new TestPipe(), new TestPipe(), new TestPipe()];
  let ended: (end: ProcessEnd) => void = () => {};
  let kills = 0;
  const child: ChildHandle = {
    ...{ data, control, direct },
    kill() {
      kills += 1;
    },
    whenEnded(it) {
      ended = it;
    },
  };
  const reports: string[] = [];
  const exits: Exit[] = [];
  const outcomes: Outcome[] = [];
  const answers: string[] = [];
  const replica = new ProcessReplica({ id: 'm/1#0', incarnation: 1 }, child, {
    order: ORDER,
    observer: {
      loaded: () => void reports.push('loaded'),
      loadFailed: (message) => void reports.push(`load failed ${message.length}`),
      credited: (batches) => void reports.push(`credited ${batches}`),
      heartbeat: ({ rssBytes, cpuMs, batches }) => {
        assert.ok([rssBytes, cpuMs, batches].every((each) => Number.isFinite(each) && each >= 0));
        reports.push('heartbeat');
      },
      exited: (exit) => void exits.push(exit),
    },
  });
  const start = (id: number) => {
    const shape = [1, 2];
    const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape, data: bytesOf(Uint8Array.of(1, 2)) }];
    const request = { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
    replica.start(
      { id, rows: 1, members: [{ rows: 1, request, lane: '' }] },
      {
        part: (_, answer) => void answers.push('reason' in answer ? answer.message : 'ok'),
        end: (outcome) => void outcomes.push(outcome),
      },
    );
  };
  const end = () => {
    ended({ code: null, signal: 'SIGKILL', wasOutOfMemory: false, problem: '' });
    for (const pipe of [data, control, direct]) pipe.close();
  };
  return { data, control, direct, start, end, reports, exits, outcomes, answers, kills: () => kills };
}

function frame(
  kind: Kind,
  meta: Uint8Array | string,
  more: Partial<FrameHeader> = {},
  payloads: Parameters<FrameEncoder['add']>[2] = [],
): Buffer {
  const encoder = new FrameEncoder();
  const header = { flags: 0, slot: 0, incarnation: 1, batch: 0, member: 0, kind, ...more };
  encoder.add(header, Buffer.from(meta as string), payloads);
  return Buffer.concat(encoder.finish());
}

const LOADED = frame(KIND.LOADED, JSON.stringify(METADATA));
const CREDIT = frame(KIND.CREDIT, '', { batch: 2 });

test('well-formed frames of a replica are passed on', () => {
  const it = setUp();
  it.data.say(LOADED);
  it.data.say(CREDIT);
  it.control.say(frame(KIND.HEARTBEAT, JSON.stringify({ rssBytes: 1, cpuMs: 2.5, batches: 3 })));
  it.start(7);
  const outputs = [
    { name: 'x', datatype: 'UINT8' as const, shape: [1, 2], data: bytesOf(Uint8Array.of(1, 2)) },
  ];
  const { meta, payloads } = encodeAnswer(outputs);
  it.data.say(frame(KIND.ANSWER, meta, { batch: 7, member: ALL_MEMBERS, flags: FLAG.LAST }, payloads));
  it.data.say(frame(KIND.END, encodeEnd({ computeMs: 1 }), { batch: 7 }));
  assert.deepEqual(it.reports, ['loaded', 'credited 2', 'heartbeat']);
  assert.deepEqual(it.answers, ['ok']);
  assert.deepEqual(it.outcomes, [{ kind: 'done', computeMs: 1 }]);
  assert.equal(it.kills(), 0);
});

const BREACHES: readonly (readonly [string, 'data' | 'control', Buffer])[] = [
  ['a heartbeat that is null', 'control', frame(KIND.HEARTBEAT, 'null')],
  ['a heartbeat that is empty', 'control', frame(KIND.HEARTBEAT, '{}')],
  ['a heartbeat of strings', 'control', frame(KIND.HEARTBEAT, '{"rssBytes":"1","cpuMs":"2","batches":"3"}')],
  [
    'a heartbeat of negative numbers',
    'control',
    frame(KIND.HEARTBEAT, '{"rssBytes":-1,"cpuMs":2,"batches":3}'),
  ],
  [
    'a heartbeat with an infinite number',
    'control',
    frame(KIND.HEARTBEAT, '{"rssBytes":1e999,"cpuMs":2,"batches":3}'),
  ],
  ['a heartbeat that is not JSON', 'control', frame(KIND.HEARTBEAT, '{')],
  ['an answer on the control pipe', 'control', frame(KIND.END, encodeEnd({ computeMs: 1 }), { batch: 7 })],
  ['an OWN_END frame without a text', 'control', frame(KIND.OWN_END, '{}')],
  ['a second LOADED frame', 'data', LOADED],
  ['a heartbeat on the data pipe', 'data', frame(KIND.HEARTBEAT, '{"rssBytes":1,"cpuMs":2,"batches":3}')],
  ['more credits than the limit', 'data', frame(KIND.CREDIT, '', { batch: 0xffff_ffff })],
  ['an end without a time', 'data', frame(KIND.END, '', { batch: 7 })],
  ['an end with NaN as its time', 'data', frame(KIND.END, Buffer.alloc(8, 0xff), { batch: 7 })],
  ['an answer for a missing member', 'data', frame(KIND.REFUSED, 'no', { batch: 7, member: 1 })],
  ['an answer without tensors', 'data', frame(KIND.ANSWER, Buffer.alloc(8), { batch: 7 })],
  ['an empty answer', 'data', frame(KIND.ANSWER, '', { batch: 7 })],
  ['a frame that only the gateway sends', 'data', frame(KIND.LOAD, '{}')],
  ['an answer above the answer limit', 'data', frame(KIND.ANSWER, Buffer.alloc(2_000_000), { batch: 7 })],
  ['a large answer to an unknown batch', 'data', frame(KIND.ANSWER, Buffer.alloc(1_100_000), { batch: 8 })],
];
for (const [what, pipe, bytes] of BREACHES) {
  test(`${what} ends the replica with cause 'protocol' and loses its batch`, () => {
    const it = setUp();
    it.data.say(LOADED);
    it.start(7);
    it[pipe].say(bytes);
    it[pipe].say(frame(KIND.CREDIT, '', { batch: 2 }));
    assert.ok(it.kills() > 0);
    it.end();
    assert.deepEqual(it.reports, ['loaded']);
    assert.equal(it.exits[0]?.cause, 'protocol');
    assert.match(it.exits[0]?.detail ?? '', /protocol violation/);
    assert.equal(it.outcomes.length, 1);
    assert.equal(it.outcomes[0]?.kind, 'lost');
  });
}

test('credits before LOADED and malformed metadata end the replica', () => {
  const shapes = [
    { ...METADATA, inputs: 3 },
    { ...METADATA, outputs: [{ ...TENSOR, shape: ['a'] }] },
    [],
    'x',
  ];
  for (const bytes of [CREDIT, ...shapes.map((it) => frame(KIND.LOADED, JSON.stringify(it)))]) {
    const it = setUp();
    it.data.say(bytes);
    it.end();
    assert.deepEqual(it.reports, []);
    assert.equal(it.exits[0]?.cause, 'protocol');
  }
});

test('error texts are bounded at the gateway', () => {
  const it = setUp();
  it.data.say(LOADED);
  it.start(7);
  it.data.say(frame(KIND.END, 'x'.repeat(900_000), { batch: 7, flags: FLAG.THREW }));
  const [outcome] = it.outcomes;
  assert.ok(outcome?.kind === 'threw' && outcome.message.length < 300);
});

const json = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc
    .record({ rssBytes: fc.jsonValue(), cpuMs: fc.double(), batches: fc.nat() })
    .map((it) => JSON.stringify(it)),
  fc.record({ text: fc.string(), stack: fc.string() }).map((it) => JSON.stringify(it)),
  fc.constant(JSON.stringify(METADATA)),
);
const anyMeta = fc.oneof(
  json.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 80 }).map((it) => Buffer.from(it)),
);
const anyFrame = fc
  .record({
    kind: fc.constantFrom(...Object.values(KIND)),
    flags: fc.nat({ max: 255 }),
    batch: fc.constantFrom(0, 1, 2, 0xffff_ffff),
    member: fc.constantFrom(0, 1, ALL_MEMBERS),
    meta: anyMeta,
  })
  .map(({ kind, meta, ...more }) => frame(kind, meta, more));
const said = fc.array(
  fc.record({
    pipe: fc.constantFrom('data' as const, 'control' as const, 'direct' as const),
    bytes: fc.oneof(
      { weight: 8, arbitrary: anyFrame },
      fc.uint8Array({ maxLength: 60 }).map((it) => Buffer.from(it)),
    ),
  }),
  { maxLength: 12 },
);

test('for any input from a replica nothing throws, it ends once, and every batch has one outcome', () => {
  fc.assert(
    fc.property(fc.boolean(), said, (isLoaded, words) => {
      const it = setUp();
      if (isLoaded) it.data.say(LOADED);
      for (const batch of [1, 2]) it.start(batch);
      for (const { pipe, bytes } of words) it[pipe].say(bytes);
      it.end();
      assert.equal(it.exits.length, 1);
      assert.equal(it.outcomes.length, 2);
    }),
    { numRuns: 2_000 },
  );
});

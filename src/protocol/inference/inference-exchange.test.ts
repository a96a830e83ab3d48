import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { RealClock } from '../../base/clock.ts';
import { refuse } from '../../base/errors.ts';
import { Event } from '../../base/event.ts';
import { onMistake } from '../../base/mistake.ts';
import { seededRandom } from '../../base/random.ts';
import { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { Arrivals } from '../../gateway/arrivals.ts';
import { BodyBudget } from '../../gateway/body-budget.ts';
import type { RefusedCall } from '../../gateway/call.ts';
import type { Admission } from '../../gateway/header-check.ts';
import { RouteTable } from '../../gateway/routes/route-table.ts';
import { ANONYMOUS } from '../../serving/admission/request-facts.ts';
import type { Codec } from '../codec/codec.ts';
import { NodeExchange } from '../http/node-exchange.ts';
import { InferenceExchange } from './inference-exchange.ts';

/** The steps of an exchange in which a part of the server may fail. */
type Step = 'read' | 'read result' | 'submit' | 'settle' | 'write' | 'none';

class DeliberateFailure extends Error {}

const clock = new RealClock();
const arrivals = new Arrivals(clock, 0);
const budget = new BodyBudget({ maxBytes: 1_000_000, share: 1 });
const refused = new Event<RefusedCall>();
let failing: Step = 'none';

function failIn(step: Step): void {
  if (failing === step) throw new DeliberateFailure(step);
}

const codec = {
  read(_task: unknown, done: (read: unknown) => void) {
    failIn('read');
    done({ request: { id: '', inputs: [], parameters: {} }, outputs: undefined });
    return undefined;
  },
  write(_task: unknown, done: (answer: unknown) => void) {
    failIn('write');
    done({ contentType: 'application/json', jsonBytes: undefined, chunks: [Buffer.from('{"answer":1}')] });
    return undefined;
  },
  cancel: () => false,
} as unknown as Codec;

const version = {
  doorway: { delay() {} },
  spec: { model: 'm', version: '1', settings: { timeoutMs: 5_000, queue: { maxRows: 8 } } },
  get metadata() {
    failIn('read result');
    return { inputs: [], outputs: [], readsParameters: false };
  },
  hasBatchAxis: false,
  cache: undefined,
  inFlightCalls: 0,
  submit(_request: unknown, onSettled: (outcome: unknown) => void) {
    failIn('submit');
    setImmediate(() => onSettled(failing === 'settle' ? { outputs: undefined } : { outputs: [] }));
    return { isExplained: false };
  },
  cancel() {},
};

const admission = { version, encoding: 'identity', holder: 'a', maxBodyBytes: 1_000, caller: ANONYMOUS };
const registry = new ModelRegistry();
const random = seededRandom(1);
const routes = { clock, random, registry, refused, table: new RouteTable({ clock, random, registry }) };
const server = createServer((req, res) => {
  const ports = { clock, codec, budget, arrivals, refused, routes };
  const http = new NodeExchange({ clock, writeStallMs: 1_000 }, req, res);
  res.on('close', () => http.closed());
  new InferenceExchange(ports, http, { form: 'infer', admission: admission as unknown as Admission }).start();
});
const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => {
  server.close();
  server.closeAllConnections();
  arrivals.stop();
});

async function ask() {
  await listening;
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{"inputs":[]}' });
  return { status: response.status, body: (await response.json()) as object };
}

for (const step of ['read', 'read result', 'submit', 'settle', 'write'] as const) {
  test(`a failure of the server in step '${step}' ends the request with 500, and leaves nothing behind`, async () => {
    const reported: unknown[] = [];
    const stop = onMistake(({ error }) => reported.push(error));
    failing = step;
    const failed = await ask();
    failing = 'none';
    stop();
    const { reason, message } = refuse('INTERNAL', 'internal error');
    assert.deepEqual(failed, { status: 500, body: { error: message, reason } });
    assert.equal(reported.length, 1);
    assert.equal(reported[0] instanceof DeliberateFailure, step !== 'settle', String(reported[0]));
    assert.equal(budget.bytes, 0, 'bytes of bodies');
    assert.equal(version.inFlightCalls, 0, 'requests on their way');
    assert.deepEqual(await ask(), { status: 200, body: { answer: 1 } });
  });
}

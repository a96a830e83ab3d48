import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WrittenRoutes } from '../../test/support/routing.ts';
import { setUp } from '../../test/support/simulated-version.ts';
import type { Refusal } from '../base/errors.ts';
import { Event } from '../base/event.ts';
import { seededRandom } from '../base/random.ts';
import { RoutesSettings } from '../config/route-settings.ts';
import { ModelRegistry } from '../fleet/catalog/model-registry.ts';
import type { NamedInputs } from '../model/named-tensors.ts';
import { Arrivals } from './arrivals.ts';
import { BodyBudget } from './body-budget.ts';
import type { RefusedCall } from './call.ts';
import { HeaderCheck } from './header-check.ts';
import { LocalCalls } from './local-calls.ts';
import { RouteTable } from './routes/route-table.ts';
import { Tenants } from './tenants.ts';

/** Calls of two versions of a simulated model, which answer when `answer` is called. */
function callsOf(routes: WrittenRoutes = {}) {
  const versions = [setUp({}, {}, {}, '1'), setUp({}, {}, {}, '2')] as const;
  const [{ clock }] = versions;
  const registry = new ModelRegistry();
  for (const { version } of versions) registry.add(version);
  const random = seededRandom(1);
  const table = new RouteTable({ clock, random, registry });
  table.replace(RoutesSettings.parse(routes));
  const tenants = new Tenants({ require: false, accounts: {} }, new Map(), { clock, random });
  const limits = { maxBodyBytes: 1, isAdmitting: () => true, tenants, routes: table };
  const refused = new Event<RefusedCall>();
  const refusals: Refusal[] = [];
  refused.on(({ refusal }) => refusals.push(refusal));
  const calls = new LocalCalls(new HeaderCheck(registry, limits), {
    ...{
      clock,
      refused,
      arrivals: new Arrivals(clock, 0),
      budget: new BodyBudget({ maxBytes: 1, share: 1 }),
    },
    routes: { clock, random, registry, table, refused },
  });
  const answer = () => {
    for (const { clock: each } of versions) each.advance(100);
  };
  /** The memory that each version gets as input. */
  const received = versions.map(({ version }) => {
    const memory: unknown[] = [];
    version.arrived.on(({ facts }) => memory.push(facts.request.inputs[0]?.data.chunks[0]?.buffer));
    return memory;
  });
  return { calls, answer, received, refusals, versions };
}

const data = Uint8Array.of(7);
const INPUTS: NamedInputs = { x: { shape: [1, 1], data } };

test('a call is answered by the named version, from the memory of its caller', async () => {
  const { calls, answer, received } = callsOf();
  const call = calls.infer('m', INPUTS, { version: 1 });
  answer();
  assert.deepEqual(await call, { x: { shape: [1, 1], datatype: 'UINT8', data } });
  assert.deepEqual(received, [[data.buffer], []]);
});

test('a copy for a shadow has memory of its own, because it may run after the call', async () => {
  const { calls, answer, received } = callsOf({ r: { otherwise: 'm/1', shadow: { to: 'm/2', share: 1 } } });
  const call = calls.infer('r', INPUTS);
  answer();
  await call;
  const [own, copy] = received.map(([memory]) => memory);
  assert.ok(own instanceof ArrayBuffer && copy instanceof ArrayBuffer);
  assert.notEqual(copy, data.buffer);
  assert.deepEqual(new Uint8Array(copy), data);
});

test('an aborted call leaves its place in the queue, and counts for nothing in flight', async () => {
  const { calls, versions } = callsOf();
  const [{ version, sent }] = versions;
  const leaving = new AbortController();
  const call = calls.infer('m', INPUTS, { version: 1, signal: leaving.signal });
  assert.equal(version.inFlightCalls, 1);
  leaving.abort('gone');
  await assert.rejects(call, { code: 'CANCELLED', cause: 'gone' });
  assert.deepEqual([version.inFlightCalls, version.path.service.inFlight, sent.length], [0, 0, 0]);
});

test('a refusal is counted once, whatever refuses', async () => {
  const { calls, refusals } = callsOf();
  await assert.rejects(calls.infer('n', INPUTS), { code: 'MODEL_UNKNOWN' });
  await assert.rejects(calls.infer('m', { y: { data: [1] } }), { code: 'INVALID_INPUT' });
  await assert.rejects(calls.infer('m', { x: { data: [1] } }), { code: 'INVALID_INPUT' });
  await assert.rejects(calls.infer('m', INPUTS, { priority: 'first' as never }), { code: 'INVALID_INPUT' });
  await assert.rejects(calls.infer('m', INPUTS, { tenant: 'a b' }), { code: 'INVALID_INPUT' });
  assert.equal(refusals.length, 5);
});

test('a stopping server waits for the last call', async () => {
  const { calls, answer } = callsOf();
  await calls.whenNone();
  const order: string[] = [];
  const call = calls.infer('m', INPUTS, { version: 1 }).then(() => order.push('answered'));
  const none = calls.whenNone().then(() => order.push('none'));
  await new Promise(setImmediate);
  assert.deepEqual(order, []);
  answer();
  await Promise.all([call, none]);
  assert.deepEqual(order.sort(), ['answered', 'none']);
});

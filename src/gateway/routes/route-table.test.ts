import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf, type WrittenRoutes } from '../../../test/support/routing.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { RoutesSettings } from '../../config/route-settings.ts';
import { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { decide } from '../../routing/decide.ts';
import { FeedbackIds } from './feedback-ids.ts';
import { RouteTable } from './route-table.ts';

function tableOf(written: WrittenRoutes): RouteTable {
  const ports = { clock: new VirtualClock(), random: seededRandom(1), registry: new ModelRegistry() };
  const table = new RouteTable(ports);
  table.replace(RoutesSettings.parse(written));
  return table;
}

/** Where a call of the route `a` leads. */
function leafOf(table: RouteTable): unknown {
  const route = table.find('a');
  const leaf = route && decide(route.plan, viewOf(), table)?.leaf;
  return leaf?.kind === 'target' ? leaf.name : leaf?.kind;
}

test('a route with equal settings leads elsewhere when another route takes or gives up a name', () => {
  const inner: WrittenRoutes = { a: { otherwise: 'digits' }, digits: { otherwise: 'digits/2' } };
  const table = tableOf(inner);
  assert.equal(leafOf(table), 'digits/2');
  table.replace(RoutesSettings.parse({ a: inner.a }));
  assert.equal(leafOf(table), 'digits');
  table.replace(RoutesSettings.parse(inner));
  assert.equal(leafOf(table), 'digits/2');
});

test('a route with equal settings keeps its counts, one that changes its canary', () => {
  const canary = { canary: { from: 'm/1', to: 'm/2', steps: [10, 100] } };
  const table = tableOf({ a: { otherwise: 'm' }, c: { otherwise: canary } });
  const [a, c] = [table.find('a'), table.find('c')];
  c?.canary?.pause('a test');
  table.replace(RoutesSettings.parse({ a: { otherwise: 'm' }, c: { otherwise: canary, attemptShare: 0.4 } }));
  assert.equal(table.find('a'), a);
  assert.notEqual(table.find('c'), c);
  assert.equal(table.find('c')?.canary?.phase, 'paused');
});

test('a name with * is called by what it matches, an exact name first', () => {
  const table = tableOf({ 'digit-*': { otherwise: 'm' }, 'digit-one': { otherwise: 'n' } });
  assert.equal(table.find('digit-one')?.name, 'digit-one');
  assert.equal(table.find('digit-two')?.name, 'digit-*');
  assert.equal(table.find('letter'), undefined);
});

test('ids of answers wait for a value once, for a while, and not too many', () => {
  const clock = new VirtualClock();
  const ids = new FeedbackIds(clock, 1_000, 2);
  ids.add('one', 'm/1');
  assert.deepEqual(
    [ids.has('one'), ids.take('one'), ids.take('one'), ids.has('one')],
    [true, 'm/1', undefined, false],
  );
  for (const id of ['a', 'b', 'c']) ids.add(id, 'm/2');
  assert.deepEqual([ids.size, ids.take('a'), ids.take('c')], [2, undefined, 'm/2']);
  clock.advance(1_001);
  assert.equal(ids.take('b'), undefined);
});

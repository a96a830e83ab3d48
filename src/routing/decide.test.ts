import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesOf, tensorOf, viewOf, viewWith, type WrittenRoutes } from '../../test/support/routing.ts';
import { decide, decideOnward, type RoutingState } from './decide.ts';
import type { RequestView } from './request/request-view.ts';
import { targetNamed } from './route-plan.ts';
import { ExactShares, type Weighted } from './split.ts';

/** Routes whose splits have the weights of the settings, and canaries 10 %. */
function stateOf(written: WrittenRoutes, notes: string[] = []): RoutingState {
  const routes = routesOf(written);
  const shares = new ExactShares();
  return {
    routeNamed: (name) => routes.get(name),
    weightsOf: (plan): readonly Weighted[] =>
      plan.kind === 'split'
        ? plan.arms
        : [
            { name: plan.from.name, weight: 90 },
            { name: plan.to.name, weight: 10 },
          ],
    next: (_, weights) => shares.next(weights),
    note: ({ kind }) => notes.push(kind),
  };
}

/** Where the first route leads, as a name; undefined while it waits for the body. */
function leafOf(written: WrittenRoutes, view: RequestView, state = stateOf(written)): string | undefined {
  const route = routesOf(written).values().next().value;
  assert.ok(route !== undefined);
  const decision = decide(route, view, state);
  if (decision === undefined) return undefined;
  const { leaf } = decision;
  return leaf.kind === 'target' ? leaf.name : leaf.kind;
}

const RULES: WrittenRoutes = {
  reviews: {
    when: [
      { match: { header: { 'content-language': 'de*' } }, use: 'german' },
      { match: { input: { name: 'image' } }, use: 'vision' },
      { match: { tenant: 'acme' }, use: { refuse: 'not for acme' } },
    ],
    otherwise: 'english',
  },
};

test('the first rule that matches decides', () => {
  const image = tensorOf('image', 'UINT8', [1], [0]);
  const german = { 'content-language': 'de-AT' };
  assert.equal(leafOf(RULES, viewWith({ inputs: [image] }, { fields: german, tenant: 'acme' })), 'german');
  assert.equal(leafOf(RULES, viewWith({ inputs: [image] }, { tenant: 'acme' })), 'vision');
  assert.equal(leafOf(RULES, viewWith({}, { tenant: 'acme' })), 'refuse');
  assert.equal(leafOf(RULES, viewWith({})), 'english');
});

test('a rule about metadata decides before the body; one about inputs waits, and so do those after it', () => {
  assert.equal(leafOf(RULES, viewOf({ fields: { 'content-language': 'de' } })), 'german');
  assert.equal(leafOf(RULES, viewOf({ tenant: 'acme' })), undefined);
  assert.equal(leafOf(RULES, viewOf()), undefined);
});

test('a decision names the rule of the route that was called', () => {
  const written: WrittenRoutes = {
    outer: { when: [{ match: { tenant: 'acme' }, use: 'a' }], otherwise: 'inner' },
    inner: { when: [{ match: { tenant: '*' }, use: 'b' }], otherwise: 'c' },
  };
  const state = stateOf(written);
  const outer = state.routeNamed('outer');
  assert.ok(outer !== undefined);
  assert.equal(decide(outer, viewOf({ tenant: 'acme' }), state)?.rule, 0);
  const nested = decide(outer, viewOf(), state);
  assert.deepEqual(nested?.leaf, targetNamed('b'));
  assert.equal(nested?.rule, -1, 'not the rule of the inner route');
});

test('the rules of a nested route decide on', () => {
  const written: WrittenRoutes = {
    outer: { when: [{ match: { tenant: 'acme' }, use: 'inner' }], otherwise: 'a/1' },
    inner: { when: [{ match: { parameter: { fast: 'true' } }, use: 'small' }], otherwise: 'large' },
  };
  assert.equal(leafOf(written, viewOf()), 'a/1');
  assert.equal(leafOf(written, viewOf({ tenant: 'acme' })), undefined, 'the inner rule waits for the body');
  assert.equal(leafOf(written, viewWith({ parameters: { fast: true } }, { tenant: 'acme' })), 'small');
  assert.equal(leafOf(written, viewWith({}, { tenant: 'acme' })), 'large');
});

test('a route hides the model of its name, but not its versions', () => {
  const written: WrittenRoutes = { outer: { otherwise: 'digits' }, digits: { otherwise: 'digits/2' } };
  const state = stateOf(written);
  const route = state.routeNamed('outer');
  assert.ok(route !== undefined);
  assert.deepEqual(decide(route, viewOf(), state)?.leaf, {
    ...{ kind: 'target', name: 'digits/2', model: 'digits', version: '2' },
  });
});

const SPLIT: WrittenRoutes = { shop: { otherwise: { split: { a: 1, b: 3 }, stickyBy: 'header:user' } } };

test('requests of the same key get the same target, those without a key exact shares', () => {
  const state = stateOf(SPLIT);
  const withKey = viewOf({ fields: { user: 'u1' } });
  const first = leafOf(SPLIT, withKey, state);
  for (let again = 0; again < 20; again++) assert.equal(leafOf(SPLIT, withKey, state), first);
  const drawn = Array.from({ length: 400 }, () => leafOf(SPLIT, viewOf(), state));
  assert.equal(drawn.filter((name) => name === 'a').length, 100);
  const users = Array.from({ length: 400 }, (_, user) =>
    leafOf(SPLIT, viewOf({ fields: { user: `u${user}` } }), state),
  );
  assert.deepEqual([...new Set(users)].toSorted(), ['a', 'b']);
});

test('a decision tells what was drawn', () => {
  const state = stateOf(SPLIT);
  const shop = state.routeNamed('shop');
  assert.ok(shop !== undefined);
  const drawn = decide(shop, viewOf({ fields: { user: 'u1' } }), state);
  assert.equal(drawn?.split?.plan, shop.otherwise);
  assert.equal(drawn?.split?.key, 'u1');
  assert.equal(drawn?.split?.variant, drawn?.leaf.kind === 'target' ? drawn.leaf.name : undefined);
  assert.equal(decide(shop, viewOf(), state)?.split?.key, undefined);
});

test('a split by a parameter waits for the body, one by a header does not', () => {
  const of = (stickyBy: string): WrittenRoutes => ({ shop: { otherwise: { split: { a: 1 }, stickyBy } } });
  assert.equal(leafOf(of('parameter:user'), viewOf()), undefined);
  assert.equal(leafOf(of('parameter:user'), viewWith({})), 'a');
  assert.equal(leafOf(of('header:user'), viewOf()), 'a');
});

test('a target of a split may be a route with rules of its own', () => {
  const written: WrittenRoutes = {
    outer: { otherwise: { split: { inner: 1 } } },
    inner: { when: [{ match: { tenant: 'acme' }, use: { answer: { y: 1 } } }], otherwise: 'b' },
  };
  assert.equal(leafOf(written, viewOf({ tenant: 'acme' })), 'answer');
  assert.equal(leafOf(written, viewOf()), 'b');
});

test('a canary gets its share of the requests', () => {
  const written: WrittenRoutes = { digits: { otherwise: { canary: { from: 'digits/1', to: 'digits/2' } } } };
  const state = stateOf(written);
  const drawn = Array.from({ length: 200 }, () => leafOf(written, viewOf(), state));
  assert.equal(drawn.filter((name) => name === 'digits/2').length, 20);
  assert.equal(drawn.filter((name) => name === 'digits/1').length, 180);
});

test('a request may name its target, but only one of those in the list', () => {
  const written: WrittenRoutes = {
    chat: { otherwise: { named: { by: 'parameter:size', among: ['small', 'large'], otherwise: 'small' } } },
  };
  assert.equal(leafOf(written, viewOf()), undefined);
  assert.equal(leafOf(written, viewWith({ parameters: { size: 'large' } })), 'large');
  assert.equal(leafOf(written, viewWith({ parameters: { size: 'secret' } })), 'small');
  assert.equal(leafOf(written, viewWith({})), 'small');
});

test('a classifier is left to be asked, and its label leads on through routes', () => {
  const choose = { by: 'language', output: 'label', targets: { de: 'inner' }, otherwise: 'english' };
  const written: WrittenRoutes = {
    reviews: { otherwise: { choose } },
    inner: { when: [{ match: { tenant: 'acme' }, use: 'acme-german' }], otherwise: 'german' },
  };
  assert.equal(leafOf(written, viewOf()), 'choose');
  const state = stateOf(written);
  const onward = decideOnward({ kind: 'route', name: 'inner' }, viewOf({ tenant: 'acme' }), state);
  assert.deepEqual(onward?.leaf, targetNamed('acme-german'));
  assert.deepEqual(decideOnward(targetNamed('english'), viewOf(), state)?.leaf, targetNamed('english'));
});

test('each step is noted', () => {
  const written: WrittenRoutes = {
    shop: {
      when: [
        { match: { tenant: 'acme' }, use: 'a' },
        { match: { parameter: { fast: '*' } }, use: 'a' },
      ],
      otherwise: { split: { a: 1, b: 3 }, stickyBy: 'id' },
    },
  };
  const notes: string[] = [];
  leafOf(written, viewOf(), stateOf(written, notes));
  assert.deepEqual(notes, ['rule', 'rule']);
  notes.length = 0;
  leafOf(written, viewWith({ id: 'r7' }), stateOf(written, notes));
  assert.deepEqual(notes.slice(2), ['otherwise', 'drawn']);
});

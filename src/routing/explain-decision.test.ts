import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoutesSettings } from '../config/route-settings.ts';
import { segmentsOf } from '../tensor/segments.ts';
import { compileRoutes } from './compile-route.ts';
import { decisionLines, explanationLines } from './explain-decision.ts';
import { possibleDecisions } from './possible-decisions.ts';
import type { RequestView } from './request/request-view.ts';

const EMPTY = { id: '', inputs: [], parameters: {}, timeoutMs: undefined, priority: 0 };

/** The decision lines and the explanation of the route `r`. */
function explained(routes: Record<string, unknown>, request: Partial<RequestView> = {}) {
  const plans = compileRoutes(RoutesSettings.parse(routes));
  const route = plans.get('r');
  assert.ok(route !== undefined);
  const view = { name: 'r', fields: {}, tenant: 'default', version: undefined, request: EMPTY, ...request };
  const possible = possibleDecisions(route, view, plans);
  return { lines: decisionLines(possible), why: explanationLines(route, view, possible), possible };
}

test('each rule is explained with what the request has', () => {
  const image = {
    name: 'x',
    datatype: 'FP32' as const,
    shape: [1],
    data: segmentsOf(new Uint8Array(new Float32Array([7]).buffer)),
  };
  const { lines, why } = explained(
    {
      r: {
        when: [
          { match: { header: { lang: 'de' }, parameter: { a: '> 1' } }, use: 'm/1' },
          { match: { input: { name: 'x', shape: [2], value: '< 5' } }, use: 'm/2' },
          { match: { tenant: 'default' }, use: 'm/3' },
        ],
        otherwise: 'm',
      },
    },
    { fields: { lang: 'de' }, request: { ...EMPTY, inputs: [image] } },
  );
  assert.deepEqual(lines, ['m/3']);
  assert.deepEqual(why, [
    'r: rule 1 does not match',
    '  yes: header lang is de, wanted de',
    '  no: parameter a is missing, wanted > 1',
    'r: rule 2 does not match',
    '  yes: input x: FP32[1]',
    '  no: input x of shape [2]: FP32[1]',
    '  no: first element of input x is 7, wanted < 5',
    'r: rule 3 matches: m/3',
    '  yes: tenant is default, wanted default',
    '→ m/3',
    'no fallback: an error of the target is the answer',
  ]);
});

test('without a key every way through nested splits has its share; with one, the key decides', () => {
  const routes = {
    r: { otherwise: { split: { 'm/1': 3, s: 1 }, stickyBy: 'header:user' } },
    s: { otherwise: { canary: { from: 'm/1', to: 'm/2', steps: [20, 100] } } },
  };
  const { lines, why, possible } = explained(routes);
  assert.deepEqual(lines, ['95 % m/1', '5 % m/2']);
  assert.equal(
    possible.reduce((sum, { share }) => sum + share, 0),
    1,
  );
  const canary = 'a canary from m/1 to m/2 in steps of 20, 100 %, at each step at least 10m and 100 requests';
  assert.deepEqual(why.slice(0, -1), [
    'r: 75 % m/1, 25 % s, by header user',
    '75 % m/1, 25 % s: header user is missing, so each request takes its turn',
    '→ 75 % m/1',
    '  the rules of route s decide',
    `  s: ${canary}`,
    '  80 % m/1, 20 % m/2: each request takes its turn (the first step of the canary: a running server may have gone on)',
    '→ 20 % m/1',
    '  the rules of route s decide',
    `  s: ${canary}`,
    '  80 % m/1, 20 % m/2: each request takes its turn (the first step of the canary: a running server may have gone on)',
    '→ 5 % m/2',
  ]);
  const users = Array.from({ length: 50 }, (_, index) => `user ${index}`);
  const byKey = users.map((user) =>
    explained({ r: routes.r, s: { otherwise: 'm/9' } }, { fields: { user } }),
  );
  for (const each of byKey) assert.equal(each.lines.length, 1);
  assert.deepEqual([...new Set(byKey.flatMap((each) => each.lines))].sort(), ['m/1', 'm/9']);
  assert.match(byKey[0]?.why[1] ?? '', /^75 % m\/1, 25 % s, by header user: 'user 0' belongs to (m\/1|s)$/);
});

test('a target without weight is no possibility, and ways without end are cut', () => {
  assert.deepEqual(explained({ r: { otherwise: { split: { a: 0, b: 1 } } } }).lines, ['b']);
  const depth = 12;
  const chain = Array.from({ length: depth }, (_, index) => [
    index === 0 ? 'r' : `r${index}`,
    { otherwise: { split: { [`r${index + 1}`]: 1, [`m${index}`]: 1, [`n${index}`]: 1 } } },
  ]);
  const twice = Object.fromEntries([...chain, [`r${depth}`, { otherwise: 'm' }]]);
  assert.equal(explained(twice).lines.length, 2 * depth + 1);
});

test('what the body decides is open while there is none', () => {
  const settings = { when: [{ match: { parameter: { a: 'b' } }, use: 'm' }], otherwise: 'n' };
  const { lines, why } = explained({ r: settings }, { request: undefined });
  assert.deepEqual(lines, ['depends on the body of the request']);
  assert.deepEqual(why.slice(0, 3), [
    'r: rule 1 depends on the body',
    '  open: parameter a is in the body, wanted b',
    '→ depends on the body of the request',
  ]);
  const named = { otherwise: { named: { by: 'parameter:m', among: ['a', 'b'], otherwise: 'a' } } };
  assert.equal(explained({ r: named }, { request: undefined }).why[1], 'parameter m is in the body');
});

test('a named target is taken where it is among the targets', () => {
  const r = { otherwise: { named: { by: 'header:m', among: ['a', 'b'], otherwise: 'c' } } };
  assert.equal(explained({ r }, { fields: { m: 'b' } }).why[1], "header m is 'b'");
  const other = explained({ r }, { fields: { m: 'x' } });
  assert.deepEqual(
    [other.lines, other.why[1]],
    [['c'], "header m is 'x', which is none of a, b: otherwise c"],
  );
  assert.equal(explained({ r }).why[1], 'header m is missing: otherwise c');
});

test('a classifier cannot be asked, fixed answers and refusals are final', () => {
  const choose = { by: 'c', output: 'label', targets: { de: 'm' }, otherwise: 'n' };
  assert.deepEqual(explained({ r: { otherwise: { choose } } }).lines, [
    'depends on the answer of c, which only a running server has: de → m, anything else → n',
  ]);
  const answer = explained({ r: { otherwise: { answer: { y: 1 } }, fallback: ['m'] } });
  assert.deepEqual(
    [answer.lines, answer.why.at(-1)],
    [['a fixed answer: {"y":1}'], '→ a fixed answer: {"y":1}'],
  );
  assert.deepEqual(explained({ r: { otherwise: { refuse: 'no' } } }).lines, ["refused with 'no'"]);
});

test('fallback, shadow and hedge follow the decision', () => {
  const { why } = explained({
    r: {
      otherwise: 'm',
      when: [{ match: { tenant: 'x' }, use: 'b' }],
      fallback: ['m', 'b', { cached: { maxAge: '2h' } }, { answer: { y: 1 } }],
      shadow: { to: 'd', share: 0.25 },
      hedge: { to: 'm' },
    },
  });
  assert.deepEqual(why.slice(2), [
    'r: no rule matches: otherwise m',
    '→ m',
    'if the target fails, is not ready or overloaded, or would be late:',
    '  1. m (left out: it was tried)',
    '  2. b',
    '  3. the last answer to an equal request, if at most 2h old',
    '  4. a fixed answer: {"y":1}',
    'while a further step is left, an attempt takes at most 50 % of the time to the deadline',
    'shadow: 25 % of the requests are copied to d; its answers are compared and dropped',
    'hedge: none, m is the first target',
  ]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { routesOf, viewOf, type WrittenRoutes } from '../../test/support/routing.ts';
import { compileMatch, isMatch } from './request/match.ts';
import { routeProblems } from './route-problems.ts';

const MODELS = new Map([
  ['digits', ['1', '2']],
  ['letters', ['1']],
]);

function problems(written: WrittenRoutes): string[] {
  return routeProblems(routesOf(written), MODELS).map(({ path, text }) => `${path.join('.')}: ${text}`);
}

/** Problems of one route, with paths inside of it. */
function problemsOf(route: WrittenRoutes[string]): string[] {
  return problems({ r: route }).map((line) => line.replace(/^routes\.r\.?/, ''));
}

type Match = NonNullable<WrittenRoutes[string]['when']>[number]['match'];

/** Problems of rules with these matches. */
function problemsOfRules(...matches: Match[]): string[] {
  return problemsOf({ when: matches.map((match) => ({ match, use: 'digits' })), otherwise: 'letters' });
}

test('models, their versions and other routes are targets', () => {
  assert.deepEqual(
    problems({
      digits: {
        otherwise: { split: { 'digits/1': 1, 'digits/2': 1 } },
        fallback: ['letters', { cached: {} }],
      },
      outer: {
        when: [{ match: { tenant: 'a' }, use: 'letters' }],
        otherwise: { named: { by: 'tenant', among: ['digits'], otherwise: 'letters/1' } },
      },
    }),
    [],
  );
});

test('a target that does not exist is reported with the nearest name', () => {
  assert.deepEqual(problems({ r: { otherwise: 'digit' }, letter: { otherwise: 'letters' } }), [
    "routes.r.otherwise: leads to 'digit', which is neither a model nor a route, did you mean 'digits'?; there are digits, letters, r, letter",
  ]);
  assert.deepEqual(problemsOf({ otherwise: 'something-else' }), [
    "otherwise: leads to 'something-else', which is neither a model nor a route; there are digits, letters, r",
  ]);
});

test('a version that is not served is reported with those that are', () => {
  assert.deepEqual(problemsOf({ otherwise: { split: { 'digits/1': 1, 'digits/3': 1 } } }), [
    "otherwise.split.digits/3: leads to 'digits/3', but versions of 'digits' that are served are 1, 2: see models.digits.versions",
  ]);
});

test('every place of a route is looked at', () => {
  const choose = { by: 'a1', output: 'y', targets: { x: 'a2' }, otherwise: 'a3' };
  const found = problemsOf({
    when: [
      { match: { tenant: '1' }, use: { choose } },
      { match: { tenant: '2' }, use: { named: { by: 'id', among: ['a4'], otherwise: 'a5' } } },
    ],
    otherwise: { canary: { from: 'a6', to: 'a7' } },
    ...{ fallback: ['a8'], shadow: { to: 'a9' }, hedge: { to: 'a0' } },
  });
  assert.deepEqual(
    found.map((line) => /^(.*): leads to '(a\d)'/.exec(line)?.slice(1).join(' ')),
    [
      ...[
        'when.0.use.choose.targets.x a2',
        'when.0.use.choose.otherwise a3',
        'when.0.use.choose.by a1',
        'when.1.use.named.among.0 a4',
        'when.1.use.named.otherwise a5',
      ],
      ...[
        'otherwise.canary.from a6',
        'otherwise.canary.to a7',
        'fallback.0 a8',
        'shadow.to a9',
        'hedge.to a0',
      ],
    ],
  );
});

test('a route is no target where a model must answer', () => {
  const route = "'other' is a route, wanted a model here, such as other/1";
  const found = problems({
    r: { otherwise: 'digits', fallback: ['other'], shadow: { to: 'other' }, hedge: { to: 'other' } },
    other: { otherwise: 'letters' },
  });
  assert.deepEqual(found, [
    `routes.r.fallback.0: ${route}`,
    `routes.r.shadow.to: ${route}`,
    `routes.r.hedge.to: ${route}`,
  ]);
});

test('a route that leads to itself is a loop', () => {
  assert.deepEqual(problems({ digits: { otherwise: 'digits' } }), [
    'routes.digits: is a loop: digits → digits; to reach a model of the same name, give a version, such as digits/1',
  ]);
});

test('each route of a loop is reported, and none that only leads into it', () => {
  const found = problems({
    a: { otherwise: { split: { digits: 1, b: 1 } } },
    b: { when: [{ match: { tenant: 'x' }, use: 'c' }], otherwise: 'letters' },
    c: { otherwise: { choose: { by: 'digits', output: 'y', targets: { one: 'a' }, otherwise: 'digits' } } },
    outside: { otherwise: 'a' },
  });
  assert.deepEqual(
    found.map((line) => line.split(';')[0]),
    [
      ...['routes.a: is a loop: a → b → c → a', 'routes.b: is a loop: b → c → a → b'],
      'routes.c: is a loop: c → a → b → c',
    ],
  );
});

test('two ways to one route are no loop', () => {
  const found = problems({
    a: { otherwise: { split: { b: 1, c: 1 } } },
    ...{ b: { otherwise: 'd' }, c: { otherwise: 'd' }, d: { otherwise: 'digits' } },
  });
  assert.deepEqual(found, []);
});

for (const [what, earlier, later] of [
  ['equal', { tenant: 'a' }, { tenant: 'a' }],
  ['narrower by a literal', { header: { a: 'de*' } }, { header: { A: 'de-AT' } }],
  ['narrower by a number', { parameter: { n: '>= 5' } }, { parameter: { n: '10' } }],
  ['narrower by one more condition', { tenant: 'a' }, { tenant: 'a', name: 'x' }],
  ['about a value where any is enough', { version: '*' }, { version: '> 1' }],
  ['narrower about an input', { input: { name: 'x' } }, { input: { name: 'x', datatype: 'FP32' } }],
] as const) {
  test(`a rule that is ${what} after another is never reached`, () => {
    assert.deepEqual(problemsOfRules(earlier, { tenant: 'other' }, later), [
      'when.2: is never reached: rule 1 matches every request that it matches',
    ]);
  });
}

for (const [what, earlier, later] of [
  ['wider', { tenant: 'a', name: 'x' }, { tenant: 'a' }],
  ['about another subject', { header: { a: '*' } }, { header: { b: '*' } }],
  ['another glob', { tenant: 'a*' }, { tenant: 'ab*' }],
  ['outside of the earlier one', { parameter: { n: '>= 5' } }, { parameter: { n: '4' } }],
  [
    'about another datatype',
    { input: { name: 'x', datatype: 'FP32' } },
    { input: { name: 'x', shape: [1] } },
  ],
] satisfies [string, Match, Match][]) {
  test(`a rule that is ${what} may be reached`, () => {
    assert.deepEqual(problemsOfRules(earlier, later), []);
  });
}

test('a rule that is reported as never reached matches only what the earlier one matches', () => {
  const texts = fc.constantFrom('*', 'a*', 'ab', 'AB', '!a', '!ab', 'a | b', '> 1', '2', '!= 2', '\\*');
  const matches = fc.record({ tenant: texts, version: texts }, { requiredKeys: ['tenant'] });
  const values = fc.constantFrom('', '*', 'a', 'ab', 'b', '1', '2', '3');
  const views = fc.array(fc.record({ tenant: values, version: values }), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(matches, matches, views, (earlier, later, parts) => {
      if (problemsOfRules(earlier, later).length === 0) return;
      for (const view of parts.map(viewOf)) {
        if (isMatch(compileMatch(later), view)) assert.ok(isMatch(compileMatch(earlier), view));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a fallback to the target itself, to the route or to an earlier fallback is of no use', () => {
  assert.deepEqual(problemsOf({ otherwise: 'digits', fallback: ['digits'] }), [
    "fallback.0: is a fallback of 'digits' to itself",
  ]);
  assert.deepEqual(problems({ digits: { otherwise: 'digits/1', fallback: ['digits'] } }), [
    'routes.digits.fallback.0: is a fallback of the route to itself',
  ]);
  assert.deepEqual(problemsOf({ otherwise: 'digits', fallback: ['letters', 'digits/1', 'letters'] }), [
    'fallback.2: is already fallback 1',
  ]);
});

test('a fallback that is the target of some of the requests only is allowed', () => {
  const when = [{ match: { tenant: 'a' }, use: 'letters' }];
  assert.deepEqual(problemsOf({ when, otherwise: 'digits', fallback: ['digits'] }), []);
});

test('a fixed answer ends the fallback', () => {
  const fallback = [{ answer: { y: 0 } }, 'letters'];
  assert.deepEqual(problemsOf({ otherwise: 'digits', fallback }), [
    'fallback.0: a fixed answer ends the fallback: what follows it is never reached',
  ]);
  assert.deepEqual(problemsOf({ otherwise: 'digits', fallback: fallback.toReversed() }), []);
});

test('a route has one canary or experiment at most', () => {
  const canary = { from: 'digits/1', to: 'digits/2' };
  const split = { digits: 1, letters: 1 };
  const second = 'is the second canary or experiment of the route, wanted at most one';
  const when = [{ match: { tenant: 'a' }, use: { canary } }];
  assert.deepEqual(problemsOf({ when, otherwise: { canary } }), [`otherwise: ${second}`]);
  assert.deepEqual(problemsOf({ when, otherwise: { split, experiment: { control: 'digits' } } }), [
    `otherwise: ${second}`,
  ]);
  assert.deepEqual(problemsOf({ when, otherwise: { split } }), []);
});

test('a canary goes from one version to another', () => {
  assert.deepEqual(problemsOf({ otherwise: { canary: { from: 'digits/1', to: 'digits/1' } } }), [
    "otherwise.canary.to: is the same as from ('digits/1')",
  ]);
});

test('the control of an experiment is a target of the split, beside others', () => {
  const of = (split: Record<string, number>, control: string) =>
    problemsOf({ otherwise: { split, experiment: { control } } });
  assert.deepEqual(of({ digits: 1, letters: 1 }, 'digits'), []);
  assert.deepEqual(of({ digits: 1, letters: 1 }, 'digits/1'), [
    "otherwise.experiment.control: is 'digits/1', wanted a target of the split: digits, letters",
  ]);
  assert.deepEqual(of({ digits: 1 }, 'digits'), [
    'otherwise.experiment.control: has no other target in the split to compare it with',
  ]);
});

test('a datatype that does not exist is reported', () => {
  assert.deepEqual(problemsOfRules({ input: { name: 'x', datatype: 'FLOAT' } }), [
    "when.0.match.input.datatype: 'FLOAT' is not a datatype",
  ]);
});

test('an experiment with a route is reported, and so is a fixed answer without any model', () => {
  const split = { split: { digits: 1, r: 1 }, experiment: { control: 'digits' } };
  assert.deepEqual(problems({ a: { otherwise: split }, r: { otherwise: 'digits' } }), [
    "routes.a.otherwise: has an experiment with the route 'r', wanted models: their answers are counted",
  ]);
  const fixed = 'is a fixed answer of a route that leads to no model: name one, at least in fallback';
  assert.deepEqual(problemsOf({ otherwise: { answer: { y: 1 } } }), [`otherwise: ${fixed}`]);
  assert.deepEqual(problemsOf({ otherwise: { answer: { y: 1 } }, fallback: ['digits'] }), []);
});

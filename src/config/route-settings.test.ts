import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { completeConfig } from './load-config.ts';
import { SettingsError } from './settings-problem.ts';

function routeOf(route: unknown) {
  return completeConfig('galley.yaml', tmpdir(), { routes: { r: route } }).server.routes.r;
}

/** Problems of a route without the name of the file and the place of the route. */
function problemsOf(route: unknown): readonly string[] {
  try {
    routeOf(route);
  } catch (caught) {
    assert.ok(caught instanceof SettingsError);
    return caught.problems.map((line) => line.replace(/^galley\.yaml: /, '').replaceAll('routes.r.', ''));
  }
  return [];
}

const canary = { from: 'digits/1', to: 'digits/2' };
const FORMS = 'split, canary, choose, named, answer, refuse';
const TARGET = 'the name of a model, of a version such as digits/2, or of a route';
const TIME = 'a time with its unit such as 30s, 10m or 2h';

test('a route needs no more than a target', () => {
  assert.deepEqual(routeOf({ otherwise: 'digits' }), {
    ...{ when: [], otherwise: 'digits', fallback: [], attemptShare: 0.5 },
  });
});

test('a canary has steps of ten minutes, and gates for errors and latency', () => {
  assert.deepEqual(routeOf({ otherwise: { canary } })?.otherwise, {
    canary: {
      ...canary,
      ...{ steps: [1, 5, 25, 100], every: 600_000, minRequests: 100 },
      gates: { errors: 0.01, p99Ratio: 1.5 },
      compare: { by: 'tolerance', tolerance: 0.001 },
    },
  });
});

for (const [written, ms] of [
  ['250ms', 250],
  ['1.5s', 1_500],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
] as const) {
  test(`a time of ${written} is ${ms} ms`, () => {
    const otherwise = routeOf({ otherwise: { canary: { ...canary, every: written } } })?.otherwise;
    assert.equal(typeof otherwise === 'object' && otherwise.canary?.every, ms);
  });
}

for (const [what, route, ...wanted] of [
  [
    'an unknown key of a route',
    { otherwise: 'a', fallbak: [] },
    "unknown setting 'fallbak', did you mean 'fallback'? Valid here: when, otherwise, fallback, attemptShare, shadow, hedge",
  ],
  [
    'an unknown key of a decision',
    { otherwise: { split: { a: 1 }, sticky: 'tenant' } },
    `unknown setting 'otherwise.sticky', did you mean 'stickyBy'? Valid here: split, stickyBy, experiment, canary, choose, named, answer, refuse`,
  ],
  [
    'an unknown gate',
    { otherwise: { canary: { ...canary, gates: { error: 0.1 } } } },
    "unknown setting 'otherwise.canary.gates.error', did you mean 'errors'? Valid here: errors, p99Ratio, objectiveMs, disagreement",
  ],
  ['a route without a decision', {}, `'otherwise' is missing, wanted ${TARGET}, or a group of settings`],
  [
    'a name with a path',
    { otherwise: 'a/b/c' },
    `'otherwise' is "a/b/c", wanted ${TARGET}, or a group of settings`,
  ],
  [
    'a name with a space in a split',
    { otherwise: { split: { 'a b': 1 } } },
    `'a b' under 'otherwise.split', wanted ${TARGET}`,
  ],
  [
    'a weight below 0',
    { otherwise: { split: { a: -1, b: 2 } } },
    "'otherwise.split.a' is -1, wanted a number of at least 0",
  ],
  [
    'a weight with a unit',
    { otherwise: { split: { a: '5%' } } },
    `'otherwise.split.a' is "5%", wanted a number of at least 0`,
  ],
  [
    'a split without weight',
    { otherwise: { split: { a: 0 } } },
    `'otherwise.split' is {"a":0}, wanted at least one weight above 0`,
  ],
  [
    'a time without a unit',
    { otherwise: { canary: { ...canary, every: 600 } } },
    `'otherwise.canary.every' is 600, wanted ${TIME}`,
  ],
  [
    'a time in words',
    { otherwise: 'a', fallback: [{ cached: { maxAge: '10 min' } }] },
    `'fallback.0.cached.maxAge' is "10 min", wanted ${TIME}`,
  ],
  [
    'steps that do not rise',
    { otherwise: { canary: { ...canary, steps: [5, 5] } } },
    "'otherwise.canary.steps' is [5,5], wanted percentages that rise, above 0",
  ],
  [
    'a step of 0',
    { otherwise: { canary: { ...canary, steps: [0, 5] } } },
    "'otherwise.canary.steps' is [0,5], wanted percentages that rise, above 0",
  ],
  [
    'a step above 100',
    { otherwise: { canary: { ...canary, steps: [5, 101] } } },
    "'otherwise.canary.steps.1' is 101, wanted a number from 0 to 100",
  ],
  [
    'a rule that matches everything',
    { when: [{ match: {}, use: 'a' }], otherwise: 'a' },
    "'when.0.match' is {}, wanted at least one of name, header, parameter, tenant, version, input",
  ],
  [
    'an expression without text',
    { when: [{ match: { header: { a: '' } }, use: 'a' }], otherwise: 'a' },
    `'when.0.match.header.a' is "", wanted non-empty text`,
  ],
  [
    'two forms of a decision at once',
    { otherwise: { split: { a: 1 }, refuse: 'closed' } },
    `'otherwise' is {"split":{"a":1},"refuse":"closed"}, wanted exactly one of ${FORMS}`,
  ],
  ['a decision of no form', { otherwise: {} }, `'otherwise' is {}, wanted exactly one of ${FORMS}`],
  [
    'a key without a split',
    { otherwise: { refuse: 'closed', stickyBy: 'tenant' } },
    `'otherwise' is {"refuse":"closed","stickyBy":"tenant"}, wanted stickyBy and experiment only together with split`,
  ],
  [
    'a key of an unknown kind',
    { otherwise: { split: { a: 1 }, stickyBy: 'user' } },
    `'otherwise.stickyBy' is "user", wanted header:NAME, parameter:NAME, tenant or id`,
  ],
  [
    'a fallback of two forms',
    { otherwise: 'a', fallback: [{ cached: {}, answer: { y: 1 } }] },
    `'fallback.0' is {"cached":{},"answer":{"y":1}}, wanted exactly one of cached and answer`,
  ],
  [
    'a goal of an experiment that does not exist',
    { otherwise: { split: { a: 1, b: 1 }, experiment: { control: 'a', goal: 'up' } } },
    `'otherwise.experiment.goal' is "up", wanted one of higher, lower`,
  ],
] as const) {
  test(`${what} is refused with what was wanted`, () => {
    assert.deepEqual(problemsOf(route), wanted);
  });
}

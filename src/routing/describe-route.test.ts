import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoutesSettings } from '../config/route-settings.ts';
import { compileRoutes } from './compile-route.ts';
import { describeRoute, durationText, percentText, shortened } from './describe-route.ts';

function described(settings: unknown): string {
  const route = compileRoutes(RoutesSettings.parse({ r: settings, s: { otherwise: 'm' } })).get('r');
  assert.ok(route !== undefined);
  return describeRoute(route);
}

test('rules, shares, fallback, shadow and hedge are one paragraph', () => {
  const text = described({
    when: [
      { match: { header: { 'Content-Language': 'de*' }, tenant: 'gold' }, use: 'sentiment-de' },
      { match: { input: { name: 'x', datatype: 'FP32', value: '>= 5' } }, use: 's' },
      { match: { input: { name: 'x' } }, use: { refuse: 'no x' } },
    ],
    otherwise: { split: { 'resnet/1': 95, 'resnet/2': 5 }, stickyBy: 'header:x-user-id' },
    fallback: ['resnet-small', { cached: {} }, { answer: { label: 'unknown' } }],
    shadow: { to: 'resnet/3', share: 0.1 },
    hedge: { to: 'resnet-small', afterMs: 20 },
  });
  assert.equal(
    text,
    [
      'route r: 1. header content-language is de* and tenant is gold: sentiment-de',
      '2. input x of datatype FP32 and first element of input x is >= 5: route s',
      "3. input x: refused with 'no x'",
      'otherwise 95 % resnet/1, 5 % resnet/2, by header x-user-id',
      'fallback: resnet-small, the last answer to an equal request, if at most 10m old, a fixed answer',
      'shadow: 10 % to resnet/3',
      'hedge: a second attempt at resnet-small after 20ms, for at most 5 % of the requests',
    ].join('; '),
  );
});

const FORMS: readonly (readonly [unknown, string])[] = [
  ['m/2', 'm/2'],
  [{ answer: { label: 'none' } }, 'a fixed answer'],
  [
    { split: { a: 1, b: 2 }, experiment: { control: 'a', goal: 'lower' } },
    '33.33 % a, 66.67 % b, an experiment with the control a (lower values are better)',
  ],
  [
    { canary: { from: 'm/1', to: 'm/2', steps: [10, 100], every: '90s', stickyBy: 'tenant' } },
    'a canary from m/1 to m/2 in steps of 10, 100 %, at each step at least 90s and 100 requests, by tenant',
  ],
  [
    { choose: { by: 'c', output: 'label', threshold: 0.8, targets: { de: 'm', en: 's' }, otherwise: 'b' } },
    "by output 'label' of c: de → m, en → route s, anything else or a confidence below 0.8 → b",
  ],
  [
    { named: { by: 'id', among: ['m', 's'], otherwise: 's' } },
    'the one of m, s that the id of the request names, otherwise route s',
  ],
];

for (const [otherwise, words] of FORMS) {
  test(`in words: ${words}`, () => assert.equal(described({ otherwise }), `route r: ${words}`));
}

test('times have the largest unit that leaves no fraction, and shares at most four digits', () => {
  assert.deepEqual([1, 1_500, 2_000, 90_000, 600_000, 7_200_000, 86_400_000].map(durationText), [
    ...['1ms', '1500ms', '2s', '90s', '10m', '2h', '1d'],
  ]);
  assert.deepEqual([1, 0.9995, 1 / 3, 0.0001].map(percentText), ['100 %', '99.95 %', '33.33 %', '0.01 %']);
});

test('a text of a request is one line of at most 100 characters', () => {
  assert.equal(shortened('a\nb'), 'a b');
  assert.equal(shortened('x'.repeat(101)), `${'x'.repeat(100)}…`);
});

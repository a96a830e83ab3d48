import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkModelSettings, completeConfig } from './load-config.ts';
import { parseYaml } from './parse-yaml.ts';
import { SettingsError } from './settings-problem.ts';

const PIECES = [
  ...['a', 'port', 'models', ':', ': ', '\n', '\n  ', '\t', '- ', '[', ']', '{', '}', ',', '&a ', '*a', '*b'],
  ...[
    '"',
    "'",
    '|',
    '>',
    '!',
    '!!int',
    '%',
    '@',
    '`',
    '#',
    '? ',
    '---\n',
    '...',
    '<<: ',
    '\\',
    '1',
    '1e999',
    '.nan',
    '~',
  ],
];

/** Reads a text and checks that every failure is a SettingsError whose problems name the file. */
function read(text: string): void {
  try {
    const value = parseYaml('galley.yaml', text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    completeConfig('galley.yaml', '/', value as Record<string, unknown>);
    checkModelSettings('galley.yaml', value as Record<string, unknown>);
  } catch (caught) {
    assert.ok(caught instanceof SettingsError, String(caught));
    for (const problem of caught.problems) {
      assert.match(problem, /^galley\.yaml: [^\n]+$/);
      assert.doesNotMatch(
        problem,
        /Expected|expected (string|number|int)|Invalid input|YAMLParseError|Too (big|small)/,
      );
    }
  }
}

test('no text causes a raw library error', () => {
  const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }).map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(pieces, fc.string()), (text) => read(text)),
    { numRuns: 3_000 },
  );
});

test('no value causes a raw library error', () => {
  const keys = [
    'port',
    'models',
    'defaults',
    'a',
    'batching',
    'versions',
    'health',
    'image',
    'padding',
    'log',
    'tenants',
  ];
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(0, -1, 1.5, 2 ** 60, Number.NaN, '', 'x', true, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(values, (value) => read(JSON.stringify(value))),
    { numRuns: 2_000 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tensorOf } from '../../test/support/routing.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { choiceOf } from './label.ts';
import { type ChoosePlan, type Onward, type Target, targetNamed } from './route-plan.ts';

const PLAN: ChoosePlan = {
  kind: 'choose',
  by: targetNamed('language'),
  output: 'label',
  confidence: undefined,
  threshold: 0,
  targets: new Map<string, Target | Onward>([
    ['de', targetNamed('german')],
    ['1', targetNamed('one')],
    ['fr', { kind: 'route', name: 'french' }],
  ]),
  otherwise: targetNamed('other'),
};

function choice(plan: Partial<ChoosePlan>, ...outputs: Tensor[]): string {
  const { to, why } = choiceOf({ ...PLAN, ...plan }, { outputs });
  return `${to.name}: ${why}`;
}

function texts(...elements: string[]): Tensor {
  return tensorOf('label', 'BYTES', [elements.length, 1], elements);
}

test('a text is a label', () => {
  assert.equal(choice({}, texts('de')), "german: language says 'de'");
  assert.equal(choice({}, texts('fr')), "french: language says 'fr'");
  assert.equal(choice({}, texts('it')), "other: language says 'it', which has no target");
});

test('a whole number is a label', () => {
  assert.equal(choice({}, tensorOf('label', 'INT64', [1], [1n])), "one: language says '1'");
  assert.equal(choice({}, tensorOf('label', 'INT32', [2], [1, 1])), "one: language says '1'");
  assert.equal(choice({}, tensorOf('label', 'UINT8', [], [1])), "one: language says '1'");
});

test('of scores, the class of the largest is the label', () => {
  assert.equal(
    choice({}, tensorOf('label', 'FP32', [2, 3], [0, 0.9, 0.1, 0.2, 0.5, 0.3])),
    "one: language says '1'",
  );
  assert.equal(choice({}, tensorOf('label', 'FP16', [3], [0, 0.5, 0.25])), "one: language says '1'");
});

test('rows with different labels go to otherwise', () => {
  assert.equal(choice({}, texts('de', 'de')), "german: language says 'de'");
  assert.equal(choice({}, texts('de', 'fr')), 'other: the rows have different labels');
  const scores = tensorOf('label', 'FP32', [2, 2], [0, 1, 1, 0]);
  assert.equal(choice({}, scores), 'other: the rows have different labels');
});

test('the least confident row counts, by the scores', () => {
  const scores = tensorOf('label', 'FP64', [2, 2], [0.125, 0.875, 0.25, 0.75]);
  assert.equal(choice({ threshold: 0.75 }, scores), "one: language says '1'");
  assert.equal(
    choice({ threshold: 0.8 }, scores),
    "other: language says '1' with confidence 0.75, below 0.8",
  );
});

test('the confidence may be an output of its own', () => {
  const plan = { confidence: 'p', threshold: 0.5 };
  assert.equal(
    choice(plan, texts('de', 'de'), tensorOf('p', 'FP64', [2], [0.9, 0.5])),
    "german: language says 'de'",
  );
  assert.match(
    choice(plan, texts('de', 'de'), tensorOf('p', 'FP64', [2], [0.9, 0.25])),
    /^other: .*confidence 0.25/,
  );
});

test('a confidence that is missing, empty or not a number is below any threshold', () => {
  const plan = { confidence: 'p', threshold: 0.01 };
  const unknown = "other: language says 'de' with confidence unknown, below 0.01";
  assert.equal(choice(plan, texts('de')), unknown);
  assert.equal(choice({ threshold: 0.01 }, texts('de')), unknown, 'labels have no scores');
  assert.equal(choice(plan, texts('de'), tensorOf('p', 'BYTES', [1], ['0.9'])), unknown);
  assert.equal(choice(plan, texts('de'), tensorOf('p', 'FP32', [0], [])), unknown);
  assert.match(
    choice(plan, texts('de', 'de'), tensorOf('p', 'FP32', [2], [0.9, Number.NaN])),
    /^other: .*confidence NaN/,
  );
});

test('an output that is missing or empty goes to otherwise', () => {
  assert.equal(choice({}), "other: language has no output 'label'");
  assert.equal(choice({}, texts()), "other: output 'label' of language is empty");
  for (const shape of [
    [0, 3],
    [2, 0],
  ]) {
    assert.equal(
      choice({}, tensorOf('label', 'FP32', shape, [])),
      "other: output 'label' of language is empty",
    );
  }
});

test('a long label is cut in the explanation only', () => {
  const long = 'x'.repeat(500);
  const targets = new Map([[long, targetNamed('long')]]);
  assert.equal(choice({ targets }, texts(long)), `long: language says '${'x'.repeat(100)}'`);
});

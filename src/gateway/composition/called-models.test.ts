import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calledOnlyBy } from './called-models.ts';

const NONE = new Set<string>();

/** `calls`: the names that each served model calls. */
function onlyBy(model: string, calls: Readonly<Record<string, readonly string[]>>, kept = NONE): string[] {
  const called = new Map(Object.entries(calls).map(([name, names]) => [name, new Set(names)] as const));
  return [...calledOnlyBy(model, called, kept)];
}

test('models that only one model calls are found, directly and over others', () => {
  const calls = { top: ['middle', 'low'], middle: ['low', 'lowest'], low: [], lowest: [], other: [] };
  assert.deepEqual(onlyBy('top', calls), ['middle', 'low', 'lowest']);
  assert.deepEqual(onlyBy('other', calls), []);
  assert.deepEqual(onlyBy('nowhere', calls), []);
});

test('a model that another served model calls, or that is kept, stays, and so does what it calls', () => {
  const calls = { top: ['middle', 'low'], middle: ['lowest'], low: [], lowest: [], other: ['middle'] };
  assert.deepEqual(onlyBy('top', calls), ['low']);
  assert.deepEqual(onlyBy('top', { ...calls, other: [] }, new Set(['middle'])), ['low']);
});

test('the order of the calls does not matter: a model is found once its last caller leaves', () => {
  const calls = { top: ['low', 'one', 'two'], one: ['low'], two: ['low'], low: [] };
  assert.deepEqual(onlyBy('top', calls).toSorted(), ['low', 'one', 'two']);
});

test('a name that is not served is no model to unload', () => {
  assert.deepEqual(onlyBy('top', { top: ['nowhere'] }), []);
});

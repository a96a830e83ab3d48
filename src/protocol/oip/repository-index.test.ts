import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryIndex } from './repository-index.ts';

const ready = { state: 'ready', whyNotReady: undefined, failure: '' } as const;
const digits = { ...ready, spec: { model: 'digits', version: '2' } };

test('a version that serves has no reason, and one in no service has a row of its own', () => {
  assert.deepEqual(
    repositoryIndex([digits], [{ name: 'digits', version: '3', reason: 'not an ONNX file' }]),
    [
      { name: 'digits', version: '2', state: 'READY', reason: '' },
      { name: 'digits', version: '3', state: 'UNAVAILABLE', reason: 'not an ONNX file' },
    ],
  );
});

test('a version that serves although its files or the settings of its model have become unfit says why', () => {
  for (const unserved of [{ name: 'digits', version: '2' }, { name: 'digits' }]) {
    assert.deepEqual(repositoryIndex([digits], [{ ...unserved, reason: 'not an ONNX file' }]), [
      {
        name: 'digits',
        version: '2',
        state: 'READY',
        reason: 'serves as before its last change: not an ONNX file',
      },
    ]);
  }
});

test('a version that is not ready says what it is', () => {
  for (const [version, state, reason] of [
    [{ ...digits, whyNotReady: 'without a ready replica' }, 'UNAVAILABLE', 'without a ready replica'],
    [{ ...digits, state: 'failed', failure: 'it does not load' }, 'UNAVAILABLE', 'it does not load'],
    [{ ...digits, state: 'starting', whyNotReady: 'starting' }, 'LOADING', ''],
    [{ ...digits, state: 'draining', whyNotReady: 'draining' }, 'UNLOADING', ''],
  ] as const) {
    assert.deepEqual(repositoryIndex([version], []), [{ name: 'digits', version: '2', state, reason }]);
  }
});

test('a model without any version in service is listed without a version', () => {
  assert.deepEqual(repositoryIndex([], [{ name: 'ocr', reason: 'unloaded' }]), [
    { name: 'ocr', state: 'UNAVAILABLE', reason: 'unloaded' },
  ]);
});

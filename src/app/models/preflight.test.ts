import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelSettings } from '../../config/model-settings.ts';
import { ServerSettings } from '../../config/server-settings.ts';
import { preflight } from './preflight.ts';
import type { ServedModel } from './served-models.ts';

function problemsOf(runtime: ServedModel['runtime'], settings: object): string[] {
  const served = { model: 'm', version: '1', file: 'm', runtime, settings: ModelSettings.parse(settings) };
  return preflight(ServerSettings.parse({}), [{ ...served, ownSample: [] }]).problems.map(({ text }) => text);
}

test('settings of the runtime transformers are refused for another one, which would ignore them', () => {
  const [problem = '', ...others] = problemsOf('onnx', { transformers: { dtype: 'q8' } });
  assert.match(problem, /^transformers is set, but the runtime is onnx: remove transformers, or/);
  assert.deepEqual(others, []);
  assert.deepEqual(problemsOf('transformers', { transformers: { dtype: 'q8' } }), []);
  assert.deepEqual(problemsOf('onnx', {}), []);
});

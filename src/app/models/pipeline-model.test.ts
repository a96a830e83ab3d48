import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from '../../config/load-config.ts';
import type { SettingsError } from '../../config/settings-problem.ts';
import { modelsToServe } from './models-to-serve.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-pipelines-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

/** Models of a folder: a text is the model.yaml, undefined a module. */
function served(galley: string, models: Readonly<Record<string, string | undefined>>) {
  const folder = join(root, String(folders++));
  for (const [name, settings] of Object.entries(models)) {
    mkdirSync(join(folder, 'models', name), { recursive: true });
    const file = settings === undefined ? 'model.mjs' : 'model.yaml';
    writeFileSync(join(folder, 'models', name, file), settings ?? '');
  }
  writeFileSync(join(folder, 'galley.yaml'), galley);
  return modelsToServe(loadConfig(folder));
}

test('a pipeline is a model.yaml alone, or settings without a file', () => {
  const {
    served: models,
    broken,
    problems,
    warnings,
  } = served(
    'defaults: {threads: auto, autoscaling: {maxReplicas: 3}, warmup: {budgetMs: 100}}\n' +
      'models: {one: {pipeline: {steps: [{model: a}]}}}',
    { a: undefined, two: 'timeoutMs: 500\npipeline:\n  steps:\n    - model: a\n' },
  );
  assert.deepEqual([broken, problems], [[], []]);
  const pipelines = models.filter(({ runtime }) => runtime === 'pipeline');
  assert.deepEqual(
    pipelines.map(({ model, version }) => `${model}/${version}`),
    ['two/1', 'one/1'],
  );
  for (const { settings } of pipelines) {
    const { replicas, threads, autoscaling, warmup, batching } = settings;
    assert.deepEqual([replicas, threads, autoscaling, warmup.enabled], [1, 1, undefined, false]);
    assert.deepEqual(batching, { maxBatchSize: 1, rows: 'dependent', maxWaitMs: 0 });
  }
  assert.equal(pipelines[0]?.settings.timeoutMs, 500);
  assert.deepEqual(
    warnings.filter((warning) => /watchdog/.test(warning)),
    [],
  );
});

test('pipelines that call each other in a circle are a problem with its place', () => {
  const { problems } = served('models:\n  one:\n    pipeline:\n      steps: [{model: two}]\n', {
    a: undefined,
    two: 'pipeline:\n  steps:\n    - model: a\n      outputs: {y: mid}\n    - model: one/1\n',
  });
  assert.equal(problems.length, 2);
  assert.match(
    problems.join('\n'),
    /galley\.yaml: line 3: the pipeline 'one' calls itself in a circle: one → two → one/,
  );
  assert.match(
    problems.join('\n'),
    /two.model\.yaml: line 1: the pipeline 'two' calls itself in a circle: two → one → two/,
  );
});

test('a circle of pipelines in files of their own breaks only them', () => {
  const stepTo = (model: string) => `pipeline:\n  steps:\n    - model: ${model}\n`;
  const found = served('', { a: undefined, two: stepTo('three'), three: stepTo('two') });
  assert.deepEqual(found.problems, []);
  assert.deepEqual(found.broken.map(({ name }) => name).sort(), ['three', 'two']);
  assert.match(
    found.broken[0]?.reason ?? '',
    /model\.yaml: line 1: the pipeline '\w+' calls itself in a circle/,
  );
  assert.deepEqual(
    found.served.map(({ model }) => model),
    ['a'],
  );
});

test('a model is a file or a pipeline, not both', () => {
  const { broken } = served('models: {a: {pipeline: {steps: [{model: b}]}}}', { a: undefined, b: undefined });
  assert.match(broken[0]?.reason ?? '', /it has a model file and a pipeline: remove one/);
  const wrong = served('', { a: 'pipeline: {}\n' });
  assert.match(wrong.broken[0]?.reason ?? '', /'pipeline.steps' is missing, wanted a non-empty list/);
});

test('problems of a pipeline in galley.yaml name the line', () => {
  const text =
    'models:\n  one:\n    pipeline:\n      steps:\n        - model: a\n          outputs: {y: p}\n        - model: b\n          outputs: {z: p}\n';
  assert.throws(
    () => served(text, { a: undefined }),
    (error: SettingsError) => {
      assert.match(
        error.problems.join(),
        /line 8: 'models\.one\.pipeline\.steps\.1\.outputs\.z' is "p", wanted the name of a tensor that is made once: step 1 makes 'p' too/,
      );
      return true;
    },
  );
  assert.throws(
    () => served('models:\n  one:\n    pipeline:\n      steps: [{modell: a}]\n', { a: undefined }),
    /line 4: unknown setting 'models\.one\.pipeline\.steps\.0\.modell', did you mean 'model'\?/,
  );
  assert.throws(
    () => served('models: {one: {path: a, pipeline: {steps: [{model: a}]}}}', { a: undefined }),
    /either a pipeline, or a model file/,
  );
});

test('a setting that would do nothing for a pipeline is a problem', () => {
  const text = 'models:\n  one:\n    pipeline: {steps: [{model: a}]}\n    replicas: 4\n';
  assert.throws(
    () => served(text, { a: undefined }),
    /line 4: 'models\.one\.replicas' does nothing for a pipeline/,
  );
  const { broken } = served('', { a: undefined, b: 'threads: 1\npipeline: {steps: [{model: a}]}\n' });
  assert.match(broken[0]?.reason ?? '', /model\.yaml: line 1: 'threads' does nothing for a pipeline/);
  const apart = served('models:\n  b:\n    evictable: true\n', {
    a: undefined,
    b: 'pipeline: {steps: [{model: a}]}\n',
  });
  assert.match(apart.broken[0]?.reason ?? '', /line 3: 'models\.b\.evictable' does nothing for a pipeline/);
});

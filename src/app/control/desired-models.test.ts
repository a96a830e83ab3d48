import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeConfig } from '../../config/load-config.ts';
import { DesiredModels } from './desired-models.ts';

const config = completeConfig('settings', '/', {
  models: { digits: { replicas: 1, timeoutMs: 50 } },
});

const twoReplicas = { overrides: { settings: { replicas: 2 } }, versions: undefined };

test('changes of a model apply over its settings, chosen versions over the versions of a load', () => {
  const desired = new DesiredModels(config);
  const digits = () => desired.config.rawModels.digits;
  desired.change('digits', twoReplicas);
  assert.deepEqual(digits(), { replicas: 2, timeoutMs: 50 });
  desired.change('digits', { ...desired.of('digits'), versions: ['3'] });
  assert.deepEqual(digits(), { replicas: 2, timeoutMs: 50, versions: ['3'] });
  desired.change('digits', { overrides: { settings: { versions: 'all' } }, versions: ['2'] });
  assert.deepEqual(digits()?.versions, ['2']);
  desired.change('digits', { ...desired.of('digits'), versions: undefined });
  assert.equal(digits()?.versions, 'all');
  desired.change('digits', { overrides: {}, versions: undefined });
  assert.deepEqual(digits(), { replicas: 1, timeoutMs: 50 });
});

test('a change is tried without being made; only one that is made brings an unloaded model back', () => {
  const desired = new DesiredModels(config);
  desired.unload('digits');
  assert.equal(desired.asIf('digits', twoReplicas).rawModels.digits?.replicas, 2);
  assert.equal(desired.config.rawModels.digits?.replicas, 1);
  assert.ok(desired.unloaded.has('digits'));
  desired.change('digits', twoReplicas);
  assert.ok(!desired.unloaded.has('digits'));
});

test('settings that are read again apply to what no operator has changed', () => {
  const desired = new DesiredModels(config);
  desired.change('digits', twoReplicas);
  desired.read(completeConfig('settings', '/', { models: { digits: { replicas: 4, timeoutMs: 70 } } }));
  assert.deepEqual(desired.config.rawModels.digits, { replicas: 2, timeoutMs: 70 });
});

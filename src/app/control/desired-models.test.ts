import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeConfig } from '../../config/load-config.ts';
import { DesiredModels } from './desired-models.ts';

const config = completeConfig('settings', '/', {
  models: { digits: { replicas: 1, timeoutMs: 50 } },
});

test('what a load overrides lasts until the next load, whatever versions are rolled out between', () => {
  const desired = new DesiredModels(config);
  const digits = () => desired.config.rawModels.digits;
  desired.change('digits', { overrides: { settings: { replicas: 2 } } });
  assert.deepEqual(digits(), { replicas: 2, timeoutMs: 50 });
  desired.change('digits', { versions: ['3'] });
  assert.deepEqual(digits(), { replicas: 2, timeoutMs: 50, versions: ['3'] });
  desired.change('digits', { versions: undefined });
  assert.deepEqual(digits(), { replicas: 2, timeoutMs: 50 });
  desired.change('digits', { overrides: {} });
  assert.deepEqual(digits(), { replicas: 1, timeoutMs: 50 });
});

test('a load takes back the version that was rolled out, and may choose versions itself', () => {
  const desired = new DesiredModels(config);
  desired.change('digits', { versions: ['3'] });
  desired.change('digits', { overrides: { settings: { versions: 'all' } } });
  assert.equal(desired.config.rawModels.digits?.versions, 'all');
  desired.change('digits', { versions: ['2'] });
  desired.change('digits', { versions: undefined });
  assert.equal(desired.config.rawModels.digits?.versions, 'all');
});

test('a change is tried without being made, and either way brings an unloaded model back only when it is made', () => {
  const desired = new DesiredModels(config);
  desired.unload('digits');
  assert.deepEqual(desired.asIf('digits', { versions: ['2'] }).rawModels.digits?.versions, ['2']);
  assert.equal(desired.config.rawModels.digits?.versions, undefined);
  assert.ok(desired.unloaded.has('digits'));
  desired.change('digits', { versions: ['2'] });
  assert.ok(!desired.unloaded.has('digits'));
});

test('settings that are read again apply to what no operator has changed', () => {
  const desired = new DesiredModels(config);
  desired.change('digits', { overrides: { settings: { replicas: 2 } } });
  desired.read(completeConfig('settings', '/', { models: { digits: { replicas: 4 } } }));
  assert.deepEqual(desired.config.rawModels.digits, { replicas: 2 });
});

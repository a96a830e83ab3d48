import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeConfig } from '../../config/load-config.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import { DesiredModels } from './desired-models.ts';
import { OperatorCommands } from './model-commands.ts';
import type { ModelControl, ModelControlPorts } from './model-control.ts';

test('an unload that is refused leaves the model desired, and one that was unloaded before unloaded', async () => {
  const desired = new DesiredModels(completeConfig('settings', '/', {}));
  desired.unload('before');
  const control = {
    desired,
    unserved: [
      { name: 'digits', reason: '' },
      { name: 'before', reason: 'unloaded' },
    ],
    inTurn: async (change: () => Promise<unknown>) => change(),
    apply: async () => {
      throw new SettingsError(['a mistake']);
    },
  } as unknown as ModelControl;
  const catalog = { registry: { versionsOf: () => [] }, rolling: { underWay: () => [] } };
  const commands = new OperatorCommands(control, { catalog } as unknown as ModelControlPorts);
  for (const model of ['digits', 'before']) {
    assert.equal((await commands.unload(model, false))?.message, `cannot unload model '${model}': a mistake`);
  }
  assert.deepEqual([...desired.unloaded], ['before']);
});

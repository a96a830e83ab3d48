import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeConfig } from '../config/load-config.ts';
import { ModelsThread } from './models-thread.ts';

test('once stopped, a scan is refused, because no thread would be ended that it started', async () => {
  const thread = new ModelsThread();
  await thread.stop();
  const config = completeConfig('test', '/nowhere', { models: {} });
  await assert.rejects(thread.scan(config), /the server is shutting down/);
});

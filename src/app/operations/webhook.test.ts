import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { pino } from 'pino';
import { until } from '../../../test/support/until.ts';
import type { AlertNotice } from '../../observe/alerts/alerts.ts';
import { Webhook } from './webhook.ts';

const NOTICE: AlertNotice = {
  ...{ name: 'Test', severity: 'page', model: 'm/1', summary: 's', runbook: 'r' },
  ...{ status: 'firing', startedAt: 0, endedAt: undefined },
};

test('pauses between tries leave no abort listeners behind', async (t) => {
  // The signal that pauses listen to is found by the name of their listener.
  const paused = new Set<AbortSignal>();
  let pauses = 0;
  const { addEventListener } = AbortSignal.prototype;
  t.after(() => Object.assign(AbortSignal.prototype, { addEventListener }));
  AbortSignal.prototype.addEventListener = function add(this: AbortSignal, ...args: unknown[]) {
    if ((args[1] as { name?: string } | null)?.name === 'end') {
      paused.add(this);
      pauses += 1;
    }
    addEventListener.apply(this, args as never);
  };
  const webhook = new Webhook('http://127.0.0.1:1/', pino({ level: 'silent' }));
  webhook.send({ notice: NOTICE, startsAt: new Date(), endsAt: undefined });
  await until('it has paused twice', () => pauses >= 2, 10_000);
  const [signal] = paused;
  assert.ok(signal !== undefined && paused.size === 1);
  const listening = () => getEventListeners(signal, 'abort').filter(({ name }) => name === 'end').length;
  assert.equal(listening(), 1);
  webhook.stop();
  assert.equal(listening(), 0);
});

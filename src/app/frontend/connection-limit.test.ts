import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionsWithin, descriptorLimit } from './connection-limit.ts';

test('a quarter of the descriptors is reserved for other uses, within bounds', () => {
  assert.equal(connectionsWithin(1_024), 768);
  assert.equal(connectionsWithin(20_000), 18_976);
  assert.equal(connectionsWithin(128), 64);
  assert.equal(connectionsWithin(20), 16);
  assert.equal(connectionsWithin(Number.MAX_SAFE_INTEGER), 65_536);
});

test('the limit of this process is read from the system', { skip: process.platform !== 'linux' }, () => {
  assert.ok(descriptorLimit() >= 64);
});

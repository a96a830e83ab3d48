import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replicaEnvironment } from './replica-environment.ts';

const OWN = {
  PATH: '/bin',
  LC_TIME: 'de',
  OMP_NUM_THREADS: '1',
  CUDA_API_KEY: 'secret',
  GALLEY_ADMIN_TOKEN: 'secret',
  AWS_REGION: 'eu',
  AWS_SECRET_ACCESS_KEY: 'secret',
  NODE_AUTH_TOKEN: 'secret',
};

test('a replica gets the common variables and no others of the gateway', () => {
  assert.deepEqual(Object.keys(replicaEnvironment(OWN)), ['PATH', 'LC_TIME', 'OMP_NUM_THREADS']);
});

test('settings add names; a pattern passes no secrets, and GALLEY_* never passes', () => {
  const added = (...more: string[]) =>
    Object.keys(replicaEnvironment(OWN, more)).filter((name) => !(name in replicaEnvironment(OWN)));
  assert.deepEqual(added('AWS_*'), ['AWS_REGION']);
  assert.deepEqual(added('AWS_SECRET_ACCESS_KEY'), ['AWS_SECRET_ACCESS_KEY']);
  assert.deepEqual(added('GALLEY_ADMIN_TOKEN', 'G*'), []);
});

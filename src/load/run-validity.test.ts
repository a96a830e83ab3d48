import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SelfObservation, validityOf } from './run-validity.ts';

const open = { kind: 'open', ratePerSecond: 100 } as const;
const calm: SelfObservation = {
  schedule: open,
  cpuShare: 0.3,
  issueDelayP99Ms: 0.1,
  usedAllConnections: false,
};

test('a run is valid when the generator has time to spare', () => {
  assert.deepEqual(validityOf(calm), { void: undefined, warning: undefined });
});

test('above 80 % of a core the run is void', () => {
  assert.match(validityOf({ ...calm, cpuShare: 0.93 }).void ?? '', /93 % of its core/);
});

test('late sends give a warning with their cause', () => {
  const late = { ...calm, issueDelayP99Ms: 3.14 };
  assert.match(validityOf(late).warning ?? '', /3\.1 ms late.*the generator was delayed/);
  assert.match(
    validityOf({ ...late, usedAllConnections: true }).warning ?? '',
    /all connections were in use/,
  );
});

test('in a closed loop no request is late', () => {
  const closed = { kind: 'closed', concurrency: 1 } as const;
  assert.equal(validityOf({ ...calm, schedule: closed, issueDelayP99Ms: 9 }).warning, undefined);
});

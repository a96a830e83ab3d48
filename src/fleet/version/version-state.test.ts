import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayFollow, refusalIn, type VersionPhase } from './version-state.ts';

const PHASES: readonly VersionPhase[] = [
  { kind: 'starting' },
  { kind: 'ready' },
  { kind: 'failed', reason: 'no file' },
  { kind: 'draining' },
  { kind: 'stopping' },
];

test('a version that drains does not become ready again, and a stop is final', () => {
  const after = (kind: VersionPhase['kind']) =>
    PHASES.filter((phase) => mayFollow(PHASES.find((each) => each.kind === kind) as VersionPhase, phase)).map(
      (phase) => phase.kind,
    );
  assert.deepEqual(after('draining'), ['failed', 'stopping']);
  assert.deepEqual(after('stopping'), []);
  assert.deepEqual(after('failed'), ['ready', 'failed', 'draining', 'stopping']);
});

test('a version admits requests while it is ready or drains; else the refusal says why', () => {
  const reasons = PHASES.map((phase) => refusalIn(phase, 'm/1')?.reason);
  assert.deepEqual(reasons, ['MODEL_STARTING', undefined, 'MODEL_FAILED', undefined, 'DRAINING']);
  assert.match(refusalIn({ kind: 'failed', reason: 'no file' }, 'm/1')?.message ?? '', /no file/);
});

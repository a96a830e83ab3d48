import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { signalProcess } from '../support/processes.ts';

const TEST = fileURLToPath(new URL('../../../test', import.meta.url));
/** A process may signal itself; `signalProcess` checks the id of any other one. */
const UNCHECKED = /process\.kill\((?!process\.pid\b|pid, 0\))/;

test('tests signal other processes by a checked id', () => {
  const files = readdirSync(TEST, { recursive: true, encoding: 'utf8' }).filter((each) =>
    each.endsWith('.ts'),
  );
  const unchecked = files.filter(
    (each) => each !== 'support/processes.ts' && UNCHECKED.test(readFileSync(join(TEST, each), 'utf8')),
  );
  assert.deepEqual(unchecked, []);
});

test('an id that names a group of processes is refused', () => {
  for (const pid of [0, -1, 1, 0.5, Number.NaN, undefined]) {
    assert.throws(() => signalProcess(pid, 'SIGCONT'), /is not the id of one process/);
  }
});

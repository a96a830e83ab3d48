import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from '../../test/support/simulated-version.ts';
import { showProgress } from './progress.ts';

test('the display ends with the start and ignores later retries', () => {
  const { clock, version } = setUp(
    { health: { restart: { retryFailedMs: 1_000 } } },
    { load: () => ({ kind: 'failed', afterMs: 5, message: 'no such luck' }) },
  );
  const written: string[] = [];
  const end = showProgress([version], {
    isTTY: true,
    write(text: string | Uint8Array) {
      written.push(String(text));
      return true;
    },
  });
  clock.advance(100);
  assert.match(written.at(-1) ?? '', /m\/1 ✗/);
  end();
  assert.equal(written.at(-1), '\r\u001b[K');
  const count = written.length;
  clock.advance(5_000);
  assert.ok((version.supervisor.replicas()[0]?.incarnation ?? 0) > 1);
  assert.equal(written.length, count);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CodecQueue } from './codec-queue.ts';

const MEBIBYTE = 1024 * 1024;

test('a small job waits for at most one large one, however many came first', () => {
  const queue = new CodecQueue<{ bytes: number; name: string }>();
  for (let index = 0; index < 50; index++) queue.add({ bytes: 60 * MEBIBYTE, name: 'large' });
  queue.take(64 * MEBIBYTE);
  for (let index = 0; index < 20; index++) queue.add({ bytes: 100_000, name: 'small' });
  const names = Array.from({ length: 22 }, () => queue.take(64 * MEBIBYTE)?.name);
  assert.equal(names.slice(0, 21).filter((name) => name === 'small').length, 20);
});

test('large jobs get their turn while small ones keep coming', () => {
  const queue = new CodecQueue<{ bytes: number }>();
  queue.add({ bytes: 20 * MEBIBYTE });
  let smallBytes = 0;
  for (;;) {
    queue.add({ bytes: MEBIBYTE });
    const job = queue.take(64 * MEBIBYTE);
    if (job === undefined || job.bytes > MEBIBYTE) break;
    smallBytes += job.bytes;
  }
  assert.ok(smallBytes <= 21 * MEBIBYTE, `${smallBytes}`);
});

test('every job is taken once or removed, and the size limit is kept', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.nat(100 * MEBIBYTE), isRemoved: fc.boolean() })),
      fc.nat(8),
      (jobs, limitMebibytes) => {
        const queue = new CodecQueue<{ bytes: number; isRemoved: boolean }>();
        for (const job of jobs) queue.add(job);
        for (const job of jobs) if (job.isRemoved) assert.ok(queue.remove(job));
        const taken = new Set();
        const limit = limitMebibytes * MEBIBYTE;
        for (let job = queue.take(limit); job !== undefined; job = queue.take(limit)) taken.add(job);
        for (let job = queue.take(128 * MEBIBYTE); job !== undefined; job = queue.take(128 * MEBIBYTE)) {
          assert.ok(job.bytes > limit / 4);
          taken.add(job);
        }
        assert.deepEqual(taken, new Set(jobs.filter(({ isRemoved }) => !isRemoved)));
        assert.equal(queue.size, 0);
      },
    ),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { flatten } from '../../tensor/segments.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { ResponseCache } from './response-cache.ts';

const OVERHEAD = 512;

function answerOf(bytes: number, fill = 0) {
  const data = bytesOf(new Uint8Array(bytes).fill(fill));
  return { outputs: [{ name: 'y', datatype: 'UINT8' as const, shape: [bytes], data }] };
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom('keep' as const, 'find' as const, 'wait' as const),
    key: fc.integer({ min: 0, max: 12 }).map(String),
    bytes: fc.integer({ min: 0, max: 1_500 }),
    ms: fc.integer({ min: 1, max: 400 }),
  }),
  { minLength: 20, maxLength: 150, size: 'max' },
);

test('the cache holds the most recently used answers, within its limit of bytes, and none that has expired', () => {
  const [maxBytes, ttlMs] = [10_000, 1_000];
  fc.assert(
    fc.property(steps, (them) => {
      const clock = new VirtualClock();
      const cache = new ResponseCache(clock, { maxBytes, ttlMs });
      /** By key, the most recently used last. */
      const kept = new Map<string, { bytes: number; fill: number; until: number }>();
      const size = () => [...kept.values()].reduce((sum, { bytes }) => sum + bytes + OVERHEAD, 0);
      for (const [turn, { what, key, bytes, ms }] of them.entries()) {
        if (what === 'wait') clock.advance(ms);
        else if (what === 'keep') {
          cache.keep(key, answerOf(bytes, turn));
          if (bytes + OVERHEAD <= maxBytes / 8) {
            kept.delete(key);
            kept.set(key, { bytes, fill: turn, until: clock.now() + ttlMs });
            for (const oldest of kept.keys()) if (size() > maxBytes) kept.delete(oldest);
          }
        } else {
          const [found, expected] = [cache.find(key), kept.get(key)];
          kept.delete(key);
          const isGood = expected !== undefined && expected.until > clock.now();
          if (isGood) kept.set(key, expected);
          assert.equal(found !== undefined, isGood);
          const [output] = found?.outputs ?? [];
          if (isGood && output !== undefined) {
            assert.deepEqual([...flatten(output.data)], new Array(expected.bytes).fill(expected.fill % 256));
          }
        }
        assert.equal(cache.bytes, size());
        assert.ok(cache.bytes <= maxBytes);
      }
      assert.equal(cache.hits + cache.misses, them.filter(({ what }) => what === 'find').length);
    }),
    { numRuns: 200 },
  );
});

test('an answer that would take more than an eighth is not stored, and evicts nothing', () => {
  const cache = new ResponseCache(new VirtualClock(), { maxBytes: 8_000, ttlMs: 1_000 });
  cache.keep('small', answerOf(100));
  cache.keep('large', answerOf(1_000 - OVERHEAD + 1));
  assert.equal(cache.find('large'), undefined);
  assert.ok(cache.find('small') !== undefined);
  cache.keep('just', answerOf(1_000 - OVERHEAD));
  assert.ok(cache.find('just') !== undefined);
});

test('the cache stores a copy: the original bytes may be reused', () => {
  const cache = new ResponseCache(new VirtualClock(), { maxBytes: 80_000, ttlMs: 1_000 });
  const bytes = new Uint8Array([1, 2, 3]);
  cache.keep('a', { outputs: [{ name: 'y', datatype: 'UINT8', shape: [3], data: bytesOf(bytes) }] });
  bytes.fill(9);
  const [output] = cache.find('a')?.outputs ?? [];
  assert.deepEqual(output && [...flatten(output.data)], [1, 2, 3]);
});

test('an answer that is read again and again still expires', () => {
  const clock = new VirtualClock();
  const cache = new ResponseCache(clock, { maxBytes: 80_000, ttlMs: 1_000 });
  cache.keep('a', answerOf(1));
  clock.advance(999);
  assert.ok(cache.find('a') !== undefined);
  clock.advance(1);
  assert.equal(cache.find('a'), undefined);
  assert.equal(cache.bytes, 0);
});

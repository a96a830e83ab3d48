import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { flatten } from '../../tensor/segments.ts';
import { rawSample } from './raw-sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-raw-sample-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'four'), Buffer.from(Float32Array.of(1, 2, 3, 4).buffer));
writeFileSync(join(folder, 'texts'), Buffer.from('\x01\0\0\0a\x02\0\0\0bc\x09\0\0\0d', 'latin1'));
const FP32 = { name: 'x', datatype: 'FP32' } as const;
const BYTES = { name: 's', datatype: 'BYTES' } as const;

/** The bytes of the only input, or the problem. */
function sample(input: Parameters<typeof rawSample>[0][number]): string | Uint8Array | undefined {
  const made = rawSample([input], [undefined, folder]);
  if (typeof made === 'string') return made;
  const [only] = made;
  return only?.data && flatten(only.data);
}

test('data comes from the beginning of a file, is 0, or is left to be generated', () => {
  const bytes = sample({ ...FP32, shape: [1, 2], file: 'four' }) as Uint8Array;
  assert.deepEqual([...new Float32Array(bytes.slice().buffer)], [1, 2]);
  assert.deepEqual(sample({ ...FP32, shape: [1, 2], zero: true }), new Uint8Array(8));
  assert.deepEqual(sample({ ...BYTES, shape: [2], zero: true }), new Uint8Array(8));
  assert.equal(sample({ ...FP32, shape: [1, 2] }), undefined);
  assert.equal(Buffer.from(sample({ ...BYTES, shape: [2], file: 'texts' }) as Uint8Array).byteLength, 11);
});

test('a file that is absent or too short is a problem', () => {
  assert.match(
    String(sample({ ...FP32, shape: [5], file: 'four' })),
    /'x': four has 16 bytes, wanted 20 for \[5\] FP32/,
  );
  assert.match(String(sample({ ...BYTES, shape: [3], file: 'texts' })), /'s': texts ends in element 2/);
  assert.match(String(sample({ ...FP32, shape: [5], file: 'five' })), /'x': .*five does not exist/);
});

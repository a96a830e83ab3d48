import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeWhole, writeWholeNow } from './whole-file.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-whole-'));
after(() => rmSync(root, { recursive: true }));

for (const [how, write] of [
  ['asynchronously', writeWhole],
  ['synchronously', async (file: string, bytes: Uint8Array) => writeWholeNow(file, bytes)],
] as const) {
  test(`a file written ${how} is complete, or leaves nothing behind`, async () => {
    const folder = join(root, how);
    mkdirSync(folder);
    const file = join(folder, 'it');
    await write(file, Buffer.from('one'));
    await write(file, Buffer.from('two'));
    assert.equal(readFileSync(file, 'utf8'), 'two');
    // A folder has the same name, so the rename fails.
    const taken = join(folder, 'taken');
    mkdirSync(join(taken, 'inside'), { recursive: true });
    await assert.rejects(write(taken, Buffer.from('three')));
    assert.deepEqual(readdirSync(folder).sort(), ['it', 'taken']);
  });
}

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { completeConfig } from '../../config/load-config.ts';
import { lookAtFiles } from './watched-files.ts';
import { placesOf } from './watched-places.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-watched-'));
after(() => rmSync(root, { recursive: true }));
const repository = join(root, 'models');
for (const name of ['a', 'b', 'c']) mkdirSync(join(repository, name, '1'), { recursive: true });
const settings = join(root, 'galley.yaml');
writeFileSync(settings, '');

/** What is seen of the settings, where no more than so many files are looked at. */
async function seenOfSettings(maxFiles: number): Promise<string | undefined> {
  const places = placesOf(completeConfig(settings, root, { repository }), []);
  return (await lookAtFiles(places, maxFiles)).fingerprints.get('');
}

test('settings are watched also where there are more files than are looked at', async () => {
  const before = await seenOfSettings(4);
  writeFileSync(settings, 'port: 8000\n');
  assert.notEqual(await seenOfSettings(4), before);
});

for (const [where, folder] of [
  ['in the models folder', repository],
  ['beside the settings', root],
] as const) {
  test(`a lock file ${where} is watched like the settings: versions that it did not list are tried again`, async () => {
    const before = await seenOfSettings(1_000);
    const file = join(folder, 'galley.lock');
    writeFileSync(file, '');
    const written = await seenOfSettings(1_000);
    assert.notEqual(written, before);
    writeFileSync(file, 'more');
    assert.notEqual(await seenOfSettings(1_000), written);
  });
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { completeConfig } from '../../config/load-config.ts';
import { WatchSettings } from '../../config/watch-settings.ts';
import { ModelsThread } from './models-thread.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-thread-'));
after(() => rmSync(root, { recursive: true }));
const config = completeConfig('settings', root, {});
const PLACES = { repository: undefined, others: [] };
const SETTINGS = WatchSettings.parse({});

/** A thread that reports a change when it begins to watch, and ends when it scans. */
function fragile(): URL {
  const file = join(root, 'fragile.mjs');
  writeFileSync(
    file,
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', ({ kind }) => {
       if (kind === 'scan') throw new Error('out of memory');
       parentPort.postMessage({ kind: 'changed', settled: [], changing: [] });
     });`,
  );
  return pathToFileURL(file);
}

test('files are watched again after the thread has ended with an error', async (t) => {
  const thread = new ModelsThread(fragile());
  t.after(async () => thread.stop());
  const reported = async () =>
    new Promise<void>((resolve) => {
      const stop = thread.changed.on(() => {
        stop();
        resolve();
      });
    });
  const first = reported();
  thread.watch(PLACES, SETTINGS);
  await first;
  const again = reported();
  await assert.rejects(thread.scan(config), /out of memory/);
  await again;
});

test('no thread starts after the end', async () => {
  const thread = new ModelsThread(new URL('file:///there-is-no-such-script.js'));
  await thread.stop();
  thread.watch(PLACES, SETTINGS);
  await assert.rejects(thread.scan(config), /the server is shutting down/);
});

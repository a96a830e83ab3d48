import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'galley-ab-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('the clients of the A/B example report values until the better version has all traffic', async () => {
  const server = await createServer({
    from: 'examples/ab',
    settings: { port: 0, log: { level: 'silent' }, routeStateFile: join(folder, 'routes.db') },
  });
  try {
    const client = spawn(process.execPath, ['examples/ab/client.js', server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    client.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const [code] = (await once(client, 'exit')) as [number | null];
    assert.equal(code, 0, printed);
    assert.match(printed, /digits\/2 is better than digits\/1 by 0\.1/);
    const { shares, experiment } = (await (await fetch(`${server.url}/admin/routes/digit`)).json()) as {
      shares: readonly { target: string; share: number }[];
      experiment: { phase: string };
    };
    assert.equal(experiment.phase, 'promoted');
    assert.deepEqual(shares, [
      { rule: 'otherwise', target: 'digits/1', share: 0 },
      { rule: 'otherwise', target: 'digits/2', share: 1 },
    ]);
  } finally {
    await server.stop();
  }
});

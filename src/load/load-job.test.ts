import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { RealClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { type LoadJob, runLoadJob } from './load-job.ts';

test('a job serialised as JSON loads a real server, in either loop', async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      bodies.push(Buffer.concat(pieces).toString());
      response.end(`${request.method} ${request.url} ${request.headers['x-tenant']}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const clock = new RealClock();
  const env = { clock, now: () => clock.now(), cpuMicros: () => 0, random: seededRandom(1) };
  try {
    for (const schedule of [
      { kind: 'closed', concurrency: 8 },
      { kind: 'open', ratePerSecond: 5000 },
    ] as const) {
      const job: LoadJob = {
        target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
        requests: ['one', 'two'].map((text) => ({
          method: 'POST',
          path: '/infer',
          headers: { 'x-tenant': 'blue' },
          bodyBase64: Buffer.from(text).toString('base64'),
        })),
        schedule,
        warmupMs: 0,
        requestCount: 100,
        timeoutMs: 2000,
        maxConnections: 64,
        keepsFirstAnswer: true,
      };
      bodies.length = 0;
      const report = await runLoadJob(JSON.parse(JSON.stringify(job)) as LoadJob, env);
      assert.deepEqual([report.requests, report.succeeded, report.errors], [100, 100, {}]);
      assert.equal(bodies.filter((body) => body === 'one').length, 50);
      assert.equal(bodies.filter((body) => body === 'two').length, 50);
      const answer = Buffer.from(report.firstAnswer?.bodyBase64 ?? '', 'base64').toString();
      assert.equal(answer, 'POST /infer blue');
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

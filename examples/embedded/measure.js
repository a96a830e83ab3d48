// Compares the applications of examples/express and examples/fastify with the model in their process (before.js) and with
// Galley (app.js): the delay of the event loop, and the latency of the health check while pictures arrive.
//     node examples/embedded/measure.js [seconds]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const PROBE = pathToFileURL(join(import.meta.dirname, 'loop-probe.js')).href;
const PICTURE = new Uint8Array(3 * 224 * 224).fill(100);
/** Pictures on their way at the same time. */
const AT_ONCE = 2;
/** Time between two health checks. */
const CHECK_EVERY_MS = 10;

/** Runs an application of the examples under load; returns times in milliseconds. */
async function measure(application, seconds) {
  return withApplication(application, async (url, child) => {
    await describe(url);
    child.send('reset');
    const endsAt = performance.now() + 1_000 * seconds;
    const checks = [];
    const senders = Array.from({ length: AT_ONCE }, async () => {
      let sent = 0;
      for (; performance.now() < endsAt; sent++) await describe(url);
      return sent;
    });
    while (performance.now() < endsAt) {
      const startedAt = performance.now();
      await (await fetch(`${url}/health`)).text();
      checks.push(performance.now() - startedAt);
      await pause(CHECK_EVERY_MS);
    }
    const pictures = (await Promise.all(senders)).reduce((sum, sent) => sum + sent, 0);
    child.send('report');
    const [loop] = await once(child, 'message');
    checks.sort((a, b) => a - b);
    const at = (share) => checks[Math.floor(share * checks.length)];
    return { picturesPerSecond: pictures / seconds, loop, health: { p50Ms: at(0.5), p99Ms: at(0.99) } };
  });
}

/** The features of one picture, as an application answers them. */
export async function describeOnce(application) {
  return withApplication(application, describe);
}

/** Starts an application, uses it when it is up, and waits for its end. */
async function withApplication(application, use) {
  const port = await freePort();
  const child = fork(join(import.meta.dirname, '..', application), {
    env: { ...process.env, PORT: String(port) },
    execArgv: ['--import', PROBE],
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  try {
    while (!(await isUp(url))) {
      if (child.exitCode !== null) throw new Error(`${application} has ended`);
      await pause(20);
    }
    return await use(url, child);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function describe(url) {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await fetch(`${url}/features`, { method: 'POST', headers, body: PICTURE });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

async function isUp(url) {
  return fetch(`${url}/health`).then(
    async (response) => (await response.text()) === 'ok',
    () => false,
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

if (process.argv[1] === import.meta.filename) {
  const seconds = Number(process.argv[2] ?? 5);
  const rows = {};
  for (const application of ['express/before.js', 'express/app.js', 'fastify/before.js', 'fastify/app.js']) {
    const { picturesPerSecond, loop, health } = await measure(application, seconds);
    rows[application] = {
      'pictures/s': Math.round(picturesPerSecond),
      'loop p50 ms': Math.round(loop.p50Ms),
      'loop p99 ms': Math.round(loop.p99Ms),
      'health p50 ms': Math.round(health.p50Ms),
      'health p99 ms': Math.round(health.p99Ms),
    };
  }
  console.table(rows);
}

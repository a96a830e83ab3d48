import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { metric } from '../support/asking.ts';
import { BesiegedServer } from '../support/besieged-server.ts';
import { rawRequest } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const TINY = Buffer.from('GET /v2 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000));

let besieged: BesiegedServer;
before(async () => {
  besieged = await BesiegedServer.start(['echo', 'slow'], 'http: {maxConnections: 300}');
});
after(async () => besieged.stop());

function slowRequest(): Buffer {
  const input = { name: 'ms', shape: [1], datatype: 'FP32', data: [900] };
  return rawRequest('POST', '/v2/models/slow/infer', JSON.stringify({ inputs: [input] }));
}

/** Writes tiny requests as long as they are accepted. */
async function flood(socket: Socket, requests: number): Promise<void> {
  for (let sent = 0; sent < requests && !socket.destroyed; sent += 1_000) {
    if (socket.write(TINY)) continue;
    await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), sleep(500)]);
    if (socket.writableLength > 4 * TINY.length) return;
  }
}

test('pipelined requests are all answered in order to a client that reads', async () => {
  const socket = besieged.connect();
  let answers = 0;
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('HTTP/1.1 200');
    answers += parts.length - 1;
    rest = (parts.at(-1) ?? '').slice(-12);
  });
  for (let index = 0; index < 20; index++) {
    await new Promise((resolve) => socket.write(TINY, resolve));
  }
  await until('they are answered', () => answers === 20_000, 30_000).catch(() => assert.fail(`${answers}`));
  socket.destroy();
});

test('a connection with endless pipelined requests is not read, and its memory is freed when it closes', async () => {
  await besieged.withstand(async () => {
    const socket = besieged.connect();
    for (let index = 0; index < 4; index++) socket.write(slowRequest());
    await flood(socket, 1_000_000);
    socket.destroy();
    await sleep(1_000);
  });
});

test('many such connections are bounded together, or closed', async () => {
  await besieged.withstand(async () => {
    const sockets = Array.from({ length: 8 }, () => besieged.connect());
    await Promise.all(
      sockets.map(async (socket) => {
        for (let index = 0; index < 5; index++) socket.write(slowRequest());
        await flood(socket, 20_000);
      }),
    );
    await sleep(2_000);
  });
});

test('over the connection limit idle connections are closed, other clients are served, and it is reported', async () => {
  await besieged.withstand(async () => {
    for (let index = 0; index < 1_000; index++) {
      const socket = besieged.connect();
      // In portions, as clients connect: the system queues no thousand connections.
      if (index % 50 === 0) await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    }
    const closed = async () => metric(besieged.url, 'galley_connections_refused_total', /idle/);
    await until('idle connections are closed', async () => (await closed()) > 0);
    assert.ok((await metric(besieged.url, 'galley_connections')) <= 300);
  });
  assert.match(
    besieged.server.output.stderr + besieged.server.output.stdout,
    /connections are refused or closed/,
  );
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Connection, connectTo } from './raw-connection.ts';
import type { Target } from './request-bytes.ts';

type Ending = { status: number; body: string | undefined } | { kind: string; text: string };

/** A connection with awaitable requests. */
class Caller {
  readonly connection: Connection;
  #ended: (ending: Ending) => void = () => {};

  constructor(target: Target) {
    this.connection = connectTo(target)({
      keepsBody: () => true,
      answered: (status, body) => this.#ended({ status, body: body?.toString() }),
      failed: (kind, text) => this.#ended({ kind, text }),
    });
  }

  ask(text = 'question'): Promise<Ending> {
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.connection.send(Buffer.from(text));
    });
  }
}

/** Runs `body` against a server that passes each chunk and the number of its connection to `onData`. */
async function withServer(
  onData: (socket: Socket, data: string, connection: number) => void,
  body: (caller: Caller, server: Server) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => onData(socket, data.toString(), connection));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const caller = new Caller({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  try {
    await body(caller, server);
  } finally {
    caller.connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const answer = (body: string, headers = '') =>
  `HTTP/1.1 200 OK\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

test('one connection carries request after request', async () => {
  await withServer(
    (socket, data, connection) => socket.write(answer(`${data} on ${connection}`)),
    async (caller) => {
      assert.deepEqual(await caller.ask('a'), { status: 200, body: 'a on 1' });
      assert.deepEqual(await caller.ask('b'), { status: 200, body: 'b on 1' });
    },
  );
});

test('after an answer with connection: close, the next request uses a new connection', async () => {
  await withServer(
    (socket, _, connection) => socket.end(answer(`on ${connection}`, 'connection: close\r\n')),
    async (caller) => {
      assert.deepEqual(await caller.ask(), { status: 200, body: 'on 1' });
      assert.deepEqual(await caller.ask(), { status: 200, body: 'on 2' });
    },
  );
});

test('an answer without a length ends with the connection', async () => {
  await withServer(
    (socket, _, connection) => socket.end(`HTTP/1.1 200 OK\r\n\r\non ${connection}`),
    async (caller) => {
      assert.deepEqual(await caller.ask(), { status: 200, body: 'on 1' });
      assert.deepEqual(await caller.ask(), { status: 200, body: 'on 2' });
    },
  );
});

test('an answer larger than the read buffer arrives complete', async () => {
  const body = 'x'.repeat(1_000_000);
  await withServer(
    (socket) => socket.write(answer(body)),
    async (caller) => {
      assert.deepEqual(await caller.ask(), { status: 200, body });
    },
  );
});

test('a connection that ends or breaks before the answer is a reset, and the next request reconnects', async () => {
  await withServer(
    (socket, data) => {
      if (data === 'end') socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf');
      else if (data === 'break') socket.resetAndDestroy();
      else socket.write(answer('well'));
    },
    async (caller) => {
      assert.deepEqual(await caller.ask('end'), {
        kind: 'reset',
        text: 'the connection ended before the end of the answer',
      });
      const broken = await caller.ask('break');
      assert.ok('kind' in broken && broken.kind === 'reset', JSON.stringify(broken));
      assert.deepEqual(await caller.ask('go on'), { status: 200, body: 'well' });
    },
  );
});

test('a connection closed between two requests is not a failure', async () => {
  await withServer(
    (socket, _, connection) => socket.write(answer(`on ${connection}`)),
    async (caller, server) => {
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      await caller.ask();
      const [socket] = await accepted;
      socket.end();
      await once(socket, 'close');
      assert.deepEqual(await caller.ask(), { status: 200, body: 'on 2' });
    },
  );
});

test('invalid data is malformed', async () => {
  await withServer(
    (socket) => socket.write('220 mail.example ESMTP\r\n\r\n'),
    async (caller) => {
      assert.deepEqual(await caller.ask(), { kind: 'malformed', text: 'no HTTP/1 status line' });
    },
  );
});

test('without a listening server, the failure is connect', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  for (const host of ['127.0.0.1', 'localhost']) {
    const ending = await new Caller({ host, port }).ask();
    assert.ok('kind' in ending && ending.kind === 'connect', JSON.stringify(ending));
    assert.match(ending.text, /ECONNREFUSED/);
  }
});

test('an abandoned request does not call the listener', async () => {
  await withServer(
    (socket, data, connection) => {
      if (data === 'answered') socket.write(answer(`on ${connection}`));
    },
    async (caller) => {
      let hasEnded = false;
      const given = caller.ask('never answered').then(() => {
        hasEnded = true;
      });
      caller.connection.close();
      assert.deepEqual(await caller.ask('answered'), { status: 200, body: 'on 1' });
      assert.equal(hasEnded, false);
      void given;
    },
  );
});

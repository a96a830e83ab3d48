import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { GalleyClient } from '../client/index.ts';
import { askProblem } from './ask-problem.ts';

const INPUT = { name: 'x', datatype: 'FP32', shape: [1], data: [1] } as const;

/** The message for a server that handles every connection with `onData`. */
async function problemWith(onData: (socket: Socket) => void, signal?: AbortSignal): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => onData(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  try {
    return await problemAt(`http://127.0.0.1:${port}`, signal);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

async function problemAt(url: string, signal?: AbortSignal): Promise<string> {
  try {
    await new GalleyClient(url).infer('m', [INPUT], signal === undefined ? {} : { signal });
  } catch (caught) {
    return askProblem(url, caught);
  }
  return '';
}

function answering(status: string, body: string): (socket: Socket) => void {
  return (socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

test('a port without a listener is reported as no server', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const problem = await problemAt(`http://127.0.0.1:${port}`);
  assert.match(
    problem,
    /^no server answers at http:\/\/127.0.0.1:\d+ \(.*\): start a server with galley serve/,
  );
});

test('a server that does not answer in time is reported as late, not as missing', async () => {
  assert.match(await problemWith(() => {}, AbortSignal.timeout(50)), /did not answer in time/);
});

test('a connection that closes early is reported as closed, not as a missing server', async () => {
  assert.match(await problemWith((socket) => socket.destroy()), /closed before the answer was complete/);
  const half = (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"');
  assert.match(await problemWith(half), /closed before the answer was complete/);
});

test('an answer that is not valid is reported as such', async () => {
  assert.match(await problemWith((socket) => socket.end('220 mail ready\r\n')), /is not valid/);
  assert.match(
    await problemWith(answering('200 OK', '<html>')),
    /is not valid \(malformed JSON at character 0/,
  );
  assert.match(await problemWith(answering('200 OK', '{}')), /is not valid \(it has no outputs\)/);
});

test('a refusal is reported with the message of the server', async () => {
  assert.equal(
    await problemWith(answering('404 Not Found', '{"error":"no such model"}')),
    '404 no such model',
  );
});

test('an invalid address is reported as such', async () => {
  assert.match(await problemAt('http://['), /'http:\/\/\[' is not a valid server address/);
  assert.match(await problemAt('http://127.0.0.1:25'), /is not a valid server address \(bad port\)/);
});

test('an error before the request is reported with its own message', () => {
  const message = askProblem('http://x', new RangeError("input 'x': element 0 is 300"));
  assert.equal(message, "the request to http://x failed: input 'x': element 0 is 300");
});

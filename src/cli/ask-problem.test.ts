import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { GalleyClient } from '../client/index.ts';
import { askProblem } from './ask-problem.ts';

const INPUT = { name: 'x', datatype: 'FP32', shape: [1], data: [1] } as const;

/** What is said of a server that does this with every connection. */
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

test('a port that nothing listens on is no server', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const problem = await problemAt(`http://127.0.0.1:${port}`);
  assert.match(problem, /^no server answers at http:\/\/127.0.0.1:\d+ \(.*\): start one with galley serve/);
});

test('a server that does not answer in time is there', async () => {
  assert.match(await problemWith(() => {}, AbortSignal.timeout(50)), /did not answer in time/);
});

test('a connection that breaks is no server that is missing', async () => {
  assert.match(await problemWith((socket) => socket.destroy()), /broke before the answer was whole/);
  const half = (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"');
  assert.match(await problemWith(half), /broke before the answer was whole/);
});

test('an answer that is not understood is told as that', async () => {
  assert.match(await problemWith((socket) => socket.end('220 mail ready\r\n')), /is not understood/);
  assert.match(
    await problemWith(answering('200 OK', '<html>')),
    /is not understood \(malformed JSON at character 0/,
  );
  assert.match(await problemWith(answering('200 OK', '{}')), /is not understood \(it has no outputs\)/);
});

test('a refusal is told in the words of the server', async () => {
  assert.equal(
    await problemWith(answering('404 Not Found', '{"error":"no such model"}')),
    '404 no such model',
  );
});

test('an address that is none is told as that', async () => {
  assert.match(await problemAt('http://['), /'http:\/\/\[' is no address of a server/);
  assert.match(await problemAt('http://127.0.0.1:25'), /is no address of a server \(bad port\)/);
});

test('numbers that cannot be sent are told as they are', () => {
  const message = askProblem('http://x', new RangeError("input 'x': element 0 is 300"));
  assert.equal(message, "the request to http://x failed: input 'x': element 0 is 300");
});

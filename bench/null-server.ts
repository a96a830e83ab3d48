/**
 * The least that a server in Node can do: read the whole request, answer bytes made beforehand. It tells what
 * `node:http` itself costs, and whether the generator is fast enough to measure anything above it.
 *
 *   node dist/bench/null-server.js '{"bytes": 128}'
 *
 * Its one argument is JSON, all of it optional: `bytes` (an answer of so many), or `body` (this answer), and
 * `contentType`. The first line it prints is `{"port":N}`; it ends when its stdin does.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Answer {
  readonly bytes?: number;
  readonly body?: string;
  readonly contentType?: string;
}

const answer = JSON.parse(process.argv[2] ?? '{}') as Answer;
const body = answer.body === undefined ? Buffer.alloc(answer.bytes ?? 0, 0x20) : Buffer.from(answer.body);
const headers = {
  'content-type': answer.contentType ?? 'application/json',
  'content-length': body.length,
};

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    // Joined because a server that uses its input has to.
    Buffer.concat(pieces);
    response.writeHead(200, headers);
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

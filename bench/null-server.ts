/**
 * A minimal server: it reads the whole request and answers prepared bytes. It measures the cost of `node:http`, and shows
 * whether the generator is fast enough for other servers.
 *
 *   node dist/bench/null-server.js '{"bytes": 128}'
 *
 * The argument is JSON with optional members: `bytes` (size of the answer) or `body` (the answer), `contentType`, and
 * `echoes`: parse the tensors of a request and print them as those of the answer.
 * The first line of output is `{"port":N}`; the process exits when its stdin ends.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Answer {
  readonly bytes?: number;
  readonly body?: string;
  readonly contentType?: string;
  readonly echoes?: boolean;
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
    // Joined, because a server that uses its input must do so.
    const joined = Buffer.concat(pieces);
    if (answer.echoes === true) {
      const { inputs } = JSON.parse(joined.toString()) as { inputs: object[] };
      const text = JSON.stringify({ model_name: 'echo', model_version: '1', outputs: inputs });
      response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(text) });
      response.end(text);
      return;
    }
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

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { OperatorError } from '../base/errors.ts';

/** How connections are timed. */
export interface HttpTimes {
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
}

/** How often Node looks for requests that take too long to arrive. */
const CHECK_EVERY_MS = 1_000;

/** A bare HTTP server: what is wrong below HTTP is answered as JSON too. */
export function makeHttpServer(times: HttpTimes, onRequest: RequestListener): Server {
  const server = createServer(
    {
      keepAliveTimeout: times.keepAliveTimeoutMs,
      headersTimeout: times.headersTimeoutMs,
      requestTimeout: times.bodyTimeoutMs,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      noDelay: true,
    },
    onRequest,
  );
  // Whoever asks before it sends a body is let in at the door, or told no there.
  server.on('checkContinue', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerClientError(error, socket),
  );
  return server;
}

const STATUS_LINES: Readonly<Record<string, readonly [string, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'BODY_TIMEOUT', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'MALFORMED',
    'the headers are larger than 16 KiB',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    '413 Payload Too Large',
    'BODY_TOO_LARGE',
    'the chunk extensions are too large',
  ],
};

function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, reason, text] = STATUS_LINES[error.code ?? ''] ?? [
    '400 Bad Request',
    'MALFORMED',
    `this is no HTTP request: ${error.message}`,
  ];
  const body = JSON.stringify({ error: text, reason });
  socket.write(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Not only said goodbye to: a client that never closes would keep what it had begun to send.
  socket.destroySoon();
}

/** Resolves with the port once the server listens; rejects with what to do about it when it cannot. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => reject(explainListenError(error, host, port));
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new OperatorError(
        `port ${port} on ${host} is in use by another program: choose another with --port, or end that one`,
      );
    case 'EACCES':
      return new OperatorError(
        `port ${port} on ${host} may not be opened: choose one above 1023 with --port`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new OperatorError(
        `'${host}' is no address of this machine: choose one with --host, for instance 127.0.0.1`,
      );
    default:
      return error;
  }
}

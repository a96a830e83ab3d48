import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { OperatorError, type Refusal, refuse } from '../../base/errors.ts';
import { refuseRaw } from './reply.ts';

/** How connections are timed. */
export interface HttpTimes {
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
}

/** How often Node looks for requests that take too long to arrive. */
const CHECK_EVERY_MS = 1_000;

/** A bare HTTP server: what is wrong below HTTP is answered as JSON too. */
export function makeHttpServer(times: HttpTimes, maxConnections: number, onRequest: RequestListener): Server {
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
  server.maxConnections = maxConnections;
  // Whoever asks before it sends a body is let in at the door, or told no there.
  server.on('checkContinue', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerClientError(error, socket),
  );
  return server;
}

/** What is wrong below HTTP, by Node's code for it. The status is another one than the reason has where HTTP has its own. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [Refusal, string?]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [refuse('BODY_TIMEOUT', 'the request took too long to arrive')],
  HPE_HEADER_OVERFLOW: [
    refuse('MALFORMED', 'the headers are larger than 16 KiB'),
    '431 Request Header Fields Too Large',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [refuse('BODY_TOO_LARGE', 'the chunk extensions are too large')],
};

function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const known = CLIENT_ERRORS[error.code ?? ''];
  const [refusal, status] = known ?? [refuse('MALFORMED', `this is no HTTP request: ${error.message}`)];
  refuseRaw(socket, refusal, status);
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

import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { OperatorError, type Refusal, refuse } from '../../base/errors.ts';
import { refuseRaw } from './reply.ts';

/** Timeouts of connections, in ms. */
export interface HttpTimes {
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
}

/** How often Node checks for requests that exceed their timeout. */
const CHECK_EVERY_MS = 1_000;

/** A Node HTTP server that also answers invalid HTTP with JSON errors. */
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
  // `Expect: 100-continue` is handled like any other request: the header check accepts or refuses it.
  server.on('checkContinue', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
    answerClientError(error, socket),
  );
  return server;
}

/**
 * Lets `take` have the new connections of a server. Returns the function that leaves one to Node's reader; what has been
 * read of it must be put back before.
 */
export function takeConnections(server: Server, take: (socket: Socket) => void): (socket: Socket) => void {
  const ofNode = server.listeners('connection') as ((socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', take);
  return (socket) => {
    for (const listener of ofNode) listener.call(server, socket);
  };
}

/** Refusals of invalid HTTP by Node's error code, with a status line where HTTP has a more specific one. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [Refusal, string?]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [
    refuse('BODY_TIMEOUT', 'the request did not arrive within http.headersTimeoutMs or http.bodyTimeoutMs'),
  ],
  HPE_HEADER_OVERFLOW: [
    refuse('MALFORMED', 'the headers are larger than 16 KiB'),
    '431 Request Header Fields Too Large',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [refuse('BODY_TOO_LARGE', 'the chunk extensions are too large')],
};

/** Refuses a connection on which no complete request has arrived in time. */
export function refuseLate(socket: Socket): void {
  answerClientError({ code: 'ERR_HTTP_REQUEST_TIMEOUT', message: '' }, socket);
}

/** Refuses a connection that its client has ended within a request. */
export function refuseBroken(socket: Socket): void {
  answerClientError({ code: 'HPE_INVALID_EOF_STATE', message: 'Parse Error' }, socket);
}

function answerClientError(error: Pick<NodeJS.ErrnoException, 'code' | 'message'>, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const known = CLIENT_ERRORS[error.code ?? ''];
  const [refusal, status] = known ?? [refuse('MALFORMED', `not a valid HTTP request: ${error.message}`)];
  refuseRaw(socket, refusal, status);
}

/** Resolves with the port when the server listens; rejects with an OperatorError that says how to fix the address. */
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
        `port ${port} on ${host} is in use by another program: stop that program, or choose another port with --port`,
      );
    case 'EACCES':
      return new OperatorError(
        `no permission to open port ${port} on ${host}: choose a port above 1023 with --port`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new OperatorError(
        `'${host}' is not an address of this machine: choose an address such as 127.0.0.1 with --host`,
      );
    default:
      return error;
  }
}

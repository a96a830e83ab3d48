import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { httpStatusOf, type Refusal, retryAfterMsOf } from '../../base/errors.ts';

/** Clients of the protocol compare the whole header: no charset behind it. */
const JSON_TYPE = 'application/json';
/** How long a client whose request is refused half-way may go on writing before the connection is cut. */
const LINGER_MS = 1_000;

/** Sends a whole answer at once: a body written in two steps costs the kernel twice. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': bytes.byteLength });
  res.end(bytes);
}

/** Sends a refusal as the protocol wants errors: `{"error": …}`, here with the stable reason beside it. */
export function sendRefusal(res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent || res.destroyed) return;
  const bytes = writeHead(res, refusal);
  res.end(bytes);
}

/** Refuses what is no request, or not yet: the answer goes straight to the connection, which is closed behind it. */
export function refuseRaw(socket: Socket, refusal: Refusal, statusText?: string): void {
  const { reason, message } = refusal;
  const status = httpStatusOf(reason);
  const body = JSON.stringify({ error: message, reason });
  socket.write(
    `HTTP/1.1 ${statusText ?? `${status} ${STATUS_CODES[status]}`}\r\nContent-Type: ${JSON_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Not only said goodbye to: a client that never closes would keep what it had begun to send.
  socket.destroySoon();
}

/**
 * Refuses a request whose body may still be on its way. The answer goes out at once, but the connection is
 * closed only when the body has ended or a second has passed: cut earlier, a client that is still writing
 * would get an error instead of the answer.
 */
export function refuseEarly(clock: Clock, req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  if (req.complete || res.headersSent || res.destroyed) {
    sendRefusal(res, refusal);
    return;
  }
  res.shouldKeepAlive = false;
  res.write(writeHead(res, refusal));
  const limit = clock.at(clock.now() + LINGER_MS, () => res.end());
  const end = () => {
    limit.cancel();
    res.end();
  };
  req.on('end', end);
  req.on('close', end);
  req.resume();
}

function writeHead(res: ServerResponse, refusal: Refusal): Buffer {
  const { reason, message } = refusal;
  const bytes = Buffer.from(JSON.stringify({ error: message, reason }));
  const retryAfterMs = retryAfterMsOf(refusal);
  if (retryAfterMs !== undefined) {
    res.setHeader('retry-after', Math.ceil(retryAfterMs / 1000));
    // Whole seconds bring everybody back at once: who can reads the finer one.
    res.setHeader('retry-after-ms', Math.round(retryAfterMs));
  }
  // What to try instead (RFC 7694).
  if (reason === 'ENCODING_UNSUPPORTED') res.setHeader('accept-encoding', 'gzip, deflate');
  if (reason === 'DRAINING') res.shouldKeepAlive = false;
  res.writeHead(httpStatusOf(reason), { 'content-type': JSON_TYPE, 'content-length': bytes.byteLength });
  return bytes;
}

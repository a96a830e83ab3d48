import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { httpStatusOf, type Refusal, retryAfterMsOf } from '../../base/errors.ts';

/** Without a charset, because clients of the protocol compare the whole header. */
const JSON_TYPE = 'application/json';
/** How long a client may keep sending the body of a refused request before the connection is closed. */
export const LINGER_MS = 1_000;
/** The rest of a refused body up to this size is read and dropped: a new connection would cost both sides more. */
const KEEP_UP_TO_BYTES = 64 * 1024;

/** Sends an answer in one write, which costs one system call. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': bytes.byteLength });
  res.end(bytes);
}

/** The JSON of a refusal in the form of a protocol. */
export type ErrorForm = (refusal: Refusal) => object;

/** The form of most protocols, `{"error": …}`, plus the stable `reason`. */
export function plainError({ reason, message }: Refusal): object {
  return { error: message, reason };
}

/** Sends a refusal as the protocol writes errors. */
export function sendRefusal(res: ServerResponse, refusal: Refusal, form: ErrorForm = plainError): void {
  if (res.headersSent || res.destroyed) return;
  res.end(writeHead(res, refusal, form));
}

/** Whether a connection is kept although the body of its refused request, of so many bytes, is still arriving. */
export function keepsConnection({ reason }: Refusal, bodyBytes: number): boolean {
  return bodyBytes <= KEEP_UP_TO_BYTES && reason !== 'BODY_TIMEOUT';
}

/** Refuses an invalid or incomplete request: writes the answer to the socket and closes it. */
export function refuseRaw(socket: Socket, refusal: Refusal, statusText?: string): void {
  const { reason } = refusal;
  const status = httpStatusOf(reason);
  const body = JSON.stringify(plainError(refusal));
  socket.write(
    `HTTP/1.1 ${statusText ?? `${status} ${STATUS_CODES[status]}`}\r\nContent-Type: ${JSON_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // Destroyed, not only ended: a client that never closes its side would keep the socket and its received data.
  socket.destroySoon();
}

/** A request that is refused, and the form of its errors. */
interface RefusedExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly errorForm: ErrorForm;
}

/**
 * Refuses a request whose body may still be arriving. The answer is sent at once. The connection is kept if the body is
 * small; else it is closed when the body has ended or a second has passed: after an earlier close, a client that is still
 * writing would get an error instead of the answer.
 */
export function refuseEarly(clock: Clock, { req, res, errorForm }: RefusedExchange, refusal: Refusal): void {
  const { expect, 'content-length': length } = req.headers;
  // A client that expects a go-ahead may or may not send the body after a refusal.
  const isKept = expect === undefined && keepsConnection(refusal, Number(length));
  if (req.complete || isKept || res.headersSent || res.destroyed) {
    sendRefusal(res, refusal, errorForm);
    return;
  }
  res.shouldKeepAlive = false;
  res.write(writeHead(res, refusal, errorForm));
  const limit = clock.at(clock.now() + LINGER_MS, () => res.end());
  const end = () => {
    limit.cancel();
    res.end();
  };
  req.on('end', end);
  req.on('close', end);
  req.resume();
}

function writeHead(res: ServerResponse, refusal: Refusal, form: ErrorForm): Buffer {
  const { status, fields, bytes, closes } = refusalAnswer(refusal, form);
  if (closes) res.shouldKeepAlive = false;
  for (const [name, value] of fields) res.setHeader(name, value);
  res.writeHead(status);
  return bytes;
}

/** A refusal as an answer of HTTP. */
export interface RefusalAnswer {
  readonly status: number;
  readonly fields: readonly (readonly [string, string | number])[];
  readonly bytes: Buffer;
  /** The connection must be closed after it. */
  readonly closes: boolean;
}

/** The answer that tells a refusal. */
export function refusalAnswer(refusal: Refusal, form: ErrorForm = plainError): RefusalAnswer {
  const { reason } = refusal;
  const bytes = Buffer.from(JSON.stringify(form(refusal)));
  const retryAfterMs = retryAfterMsOf(refusal);
  const fields: [string, string | number][] = [];
  if (retryAfterMs !== undefined) {
    fields.push(['retry-after', Math.ceil(retryAfterMs / 1000)]);
    // Whole seconds synchronize the retries of clients; those that know this header spread out.
    fields.push(['retry-after-ms', Math.round(retryAfterMs)]);
  }
  // The supported encodings (RFC 7694).
  if (reason === 'ENCODING_UNSUPPORTED') fields.push(['accept-encoding', 'gzip, deflate']);
  fields.push(['content-type', JSON_TYPE], ['content-length', bytes.byteLength]);
  return { status: httpStatusOf(reason), fields, bytes, closes: reason === 'DRAINING' };
}

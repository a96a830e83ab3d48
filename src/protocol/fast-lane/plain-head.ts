import type { MetadataFields } from '../../gateway/call-metadata.ts';
import { type InferenceRoute, parseRoute } from '../http/route.ts';

/** The head of a request that the fast lane answers. */
export interface PlainHead {
  /** The head as it was sent, with the empty line at its end. */
  readonly bytes: Buffer;
  readonly route: InferenceRoute;
  readonly fields: MetadataFields;
  readonly bodyBytes: number;
}

/** Longer heads are left to Node, which has the limit. */
const MAX_HEAD_BYTES = 8 * 1024;
const END = '\r\n\r\n';
const REQUEST_LINE = /^POST (\/v[12]\/models\/[\w.:/-]+) HTTP\/1\.1$/;
/** No folding, no control characters, no bytes above ASCII: what readers of HTTP understand in different ways. */
const FIELD = /^([A-Za-z0-9-]+): *([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/;
const LENGTH = /^(?:0|[1-9]\d{0,14})$/;

/** Fields that change how a message is read or what follows it. Their presence is a case for Node. */
const SPECIAL: ReadonlySet<string> = new Set([
  'content-encoding',
  'expect',
  'http2-settings',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads the head at the start of a chunk. Returns undefined when it is not complete, or is anything but the plain case: an
 * inference request over HTTP/1.1 with one Host, one Content-Length, and no field twice.
 */
export function readPlainHead(chunk: Buffer): PlainHead | undefined {
  const end = chunk.indexOf(END);
  if (end < 0 || end > MAX_HEAD_BYTES) return undefined;
  const [line = '', ...fieldLines] = chunk.toString('latin1', 0, end).split('\r\n');
  const path = REQUEST_LINE.exec(line)?.[1];
  const fields = readFields(fieldLines);
  if (path === undefined || fields === undefined) return undefined;
  const { host, connection = 'keep-alive' } = fields;
  const length = fields['content-length'];
  if (host === undefined || length === undefined || !LENGTH.test(length)) return undefined;
  if (connection.toLowerCase() !== 'keep-alive') return undefined;
  const route = parseRoute(path);
  if (route.kind !== 'infer' && route.kind !== 'predict') return undefined;
  const bytes = Buffer.from(chunk.subarray(0, end + END.length));
  return { bytes, route, fields, bodyBytes: Number(length) };
}

/** The known head, if the chunk starts with it: comparing costs much less than parsing. */
export function headAt(chunk: Buffer, known: PlainHead | undefined): PlainHead | undefined {
  if (known === undefined) return undefined;
  const { byteLength } = known.bytes;
  const isSame = chunk.byteLength >= byteLength && known.bytes.compare(chunk, 0, byteLength) === 0;
  return isSame ? known : undefined;
}

function readFields(lines: readonly string[]): Record<string, string> | undefined {
  // Without a prototype, so that no name finds an inherited value.
  const fields: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [whole, sent, value] = FIELD.exec(line) ?? [];
    if (whole === undefined || sent === undefined || value === undefined) return undefined;
    const name = sent.toLowerCase();
    if (SPECIAL.has(name) || fields[name] !== undefined) return undefined;
    fields[name] = value;
  }
  return fields;
}

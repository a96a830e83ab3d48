import type { ServerResponse } from 'node:http';
import { deflate, gzip } from 'node:zlib';
import { negotiateEncoding } from '../http/content-encoding.ts';
import type { EncodedAnswer } from '../oip/oip-response.ts';

/** Smaller answers are not compressed: that needs a trip through another thread. */
const COMPRESS_FROM_BYTES = 1024;
/** Smaller answers are joined and sent in one write; larger ones are sent in their pieces, uncopied. */
const JOIN_BELOW_BYTES = 16 * 1024;

/** Sends an answer in the encoding that its client prefers. */
export function sendAnswer(
  res: ServerResponse,
  acceptEncoding: string | string[] | undefined,
  answer: EncodedAnswer,
  writeStallMs: number,
): void {
  const cutOffWhoDoesNotRead = () => {
    const { socket } = res;
    // Node ends a connection whose timeout passes without a sent byte, and sets its own timeout when all is sent.
    if (socket !== null && socket.writableLength > 0) socket.setTimeout(writeStallMs);
  };
  let byteLength = 0;
  for (const chunk of answer.chunks) byteLength += chunk.byteLength;
  const isSmall = acceptEncoding === undefined || byteLength < COMPRESS_FROM_BYTES;
  const encoding = isSmall ? 'identity' : negotiateEncoding(String(acceptEncoding));
  if (encoding === 'identity') {
    send(res, answer, answer.chunks, byteLength, undefined);
    cutOffWhoDoesNotRead();
    return;
  }
  const compress = encoding === 'gzip' ? gzip : deflate;
  compress(Buffer.concat(answer.chunks), (error, compressed) => {
    if (error !== null) send(res, answer, answer.chunks, byteLength, undefined);
    else send(res, answer, [compressed], compressed.byteLength, encoding);
    cutOffWhoDoesNotRead();
  });
}

function send(
  res: ServerResponse,
  { contentType, jsonBytes }: EncodedAnswer,
  chunks: readonly Uint8Array[],
  byteLength: number,
  encoding: string | undefined,
): void {
  if (res.destroyed) return;
  const headers: Record<string, string | number> = {
    'content-type': contentType,
    'content-length': byteLength,
  };
  if (jsonBytes !== undefined) headers['inference-header-content-length'] = jsonBytes;
  if (encoding !== undefined) headers['content-encoding'] = encoding;
  res.writeHead(200, headers);
  if (chunks.length === 1) {
    res.end(chunks[0]);
  } else if (byteLength < JOIN_BELOW_BYTES) {
    res.end(Buffer.concat(chunks, byteLength));
  } else {
    res.cork();
    for (const chunk of chunks) res.write(chunk);
    res.end();
    res.uncork();
  }
}

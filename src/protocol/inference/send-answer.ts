import { deflate, gzip } from 'node:zlib';
import { fieldIn } from '../../gateway/call-metadata.ts';
import { negotiateEncoding } from '../http/content-encoding.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { EncodedAnswer } from '../oip/oip-response.ts';

/** Smaller answers are not compressed: that needs a trip through another thread. */
const COMPRESS_FROM_BYTES = 1024;

/** Sends an answer in the encoding that its client prefers. */
export function sendAnswer(http: HttpExchange, { contentType, jsonBytes, chunks }: EncodedAnswer): void {
  let byteLength = 0;
  for (const chunk of chunks) byteLength += chunk.byteLength;
  const plain = { contentType, jsonBytes, contentEncoding: undefined, chunks, byteLength };
  const encoding = byteLength < COMPRESS_FROM_BYTES ? 'identity' : encodingFor(http);
  if (encoding === 'identity') {
    http.send(plain);
    return;
  }
  const compress = encoding === 'gzip' ? gzip : deflate;
  compress(Buffer.concat(chunks), (error, compressed) => {
    if (error !== null) http.send(plain);
    else
      http.send({
        ...{ contentType, jsonBytes, contentEncoding: encoding },
        ...{ chunks: [compressed], byteLength: compressed.byteLength },
      });
  });
}

function encodingFor({ metadata }: HttpExchange): 'identity' | 'gzip' | 'deflate' {
  const accepted = fieldIn(metadata.fields, 'accept-encoding');
  return accepted === undefined ? 'identity' : negotiateEncoding(accepted);
}

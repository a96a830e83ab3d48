import type { IncomingMessage } from 'node:http';
import { type Refusal, refuse } from '../../base/errors.ts';
import { type Segments, segmentsFrom } from '../../tensor/segments.ts';

/** What only names things is never larger; it is not counted against the bodies of inference. */
const MAX_BYTES = 16 * 1024;

/** Collects the body of a request that is no inference. `done` is called once, or never when the client goes away. */
export function readSmallBody(req: IncomingMessage, done: (body: Segments | Refusal) => void): void {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  req.on('data', (chunk: Buffer) => {
    const wasWithin = byteLength <= MAX_BYTES;
    byteLength += chunk.byteLength;
    if (byteLength <= MAX_BYTES) chunks.push(chunk);
    else if (wasWithin) done(refuse('BODY_TOO_LARGE', `the request is larger than ${MAX_BYTES} bytes`));
  });
  req.on('end', () => {
    if (byteLength <= MAX_BYTES) done(segmentsFrom(chunks));
  });
}

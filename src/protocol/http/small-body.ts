import type { IncomingMessage } from 'node:http';
import { type Refusal, refuse } from '../../base/errors.ts';
import { type Segments, segmentsFrom } from '../../tensor/segments.ts';

/** Limit of bodies outside inference, which are not counted against http body budgets. */
const MAX_BYTES = 16 * 1024;

/** Collects the body of a request outside inference. Calls `done` once, or never when the client disconnects. */
export function readSmallBody(req: IncomingMessage, done: (body: Segments | Refusal) => void): void {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  req.on('data', (chunk: Buffer) => {
    const wasWithin = byteLength <= MAX_BYTES;
    byteLength += chunk.byteLength;
    if (byteLength <= MAX_BYTES) chunks.push(chunk);
    else if (wasWithin) done(refuse('BODY_TOO_LARGE', `the request body is larger than ${MAX_BYTES} bytes`));
  });
  req.on('end', () => {
    if (byteLength <= MAX_BYTES) done(segmentsFrom(chunks));
  });
}

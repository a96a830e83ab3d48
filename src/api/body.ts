import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { isRefusal, messageOf, type Refusal, refuse } from '../base/errors.ts';
import type { Segments } from '../tensor/segments.ts';
import { type Admission, noRoom, tooLarge } from './door.ts';

/**
 * Collects a body as the chunks it comes in, decoded if it is compressed, and ends as soon as it passes a
 * bound. `done` is called exactly once.
 */
export function readBody(req: IncomingMessage, admission: Admission, done: (body: Segments | Refusal) => void): void {
  const { reservation, maxBodyBytes } = admission;
  const decoder = decoderOf(admission);
  const source: Readable = decoder === undefined ? req : req.pipe(decoder);
  const chunks: Buffer[] = [];
  let byteLength = 0;
  let isDone = false;

  const finish = (result: Segments | Refusal): void => {
    if (isDone) return;
    isDone = true;
    if (isRefusal(result)) {
      chunks.length = 0;
      if (decoder !== undefined) {
        req.unpipe(decoder);
        decoder.destroy();
      }
    }
    done(result);
  };

  source.on('data', (chunk: Buffer) => {
    if (isDone) return;
    byteLength += chunk.byteLength;
    if (byteLength > maxBodyBytes) finish(tooLarge(maxBodyBytes, byteLength));
    else if (!reservation.cover(byteLength)) finish(noRoom());
    else chunks.push(chunk);
  });
  source.on('end', () => finish({ chunks, byteLength }));
  req.on('close', () => {
    // Also comes after a body that ended well; then nobody listens any more.
    if (!req.complete) finish(refuse('CANCELLED', 'the client went away before its request was complete'));
  });
  req.on('error', () => finish(refuse('CANCELLED', 'the client went away before its request was complete')));
  decoder?.on('error', (error) => {
    finish(refuse('MALFORMED', `the body is no ${admission.encoding} data: ${messageOf(error)}`));
  });
}

function decoderOf({ encoding }: Admission) {
  if (encoding === 'gzip') return createGunzip();
  return encoding === 'deflate' ? createInflate() : undefined;
}

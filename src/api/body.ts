import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { isRefusal, messageOf, type Refusal, refuse } from '../base/errors.ts';
import type { Segments } from '../tensor/segments.ts';
import { BodyBlocks, GATHER_FROM_BYTES } from './body-blocks.ts';
import type { BodyReservation } from './body-budget.ts';
import { type Admission, noRoom, tooLarge } from './door.ts';

/** What keeping a chunk costs however small it is: a body in crumbs takes more memory than its bytes. */
const CHUNK_COST_BYTES = 256;

/** A body on its way. */
export interface IncomingBody {
  /** Bytes that have come, decoded. */
  readonly byteLength: number;
  /** Ends it before all has come: `done` gets the refusal. Does nothing when it is done already. */
  refuse(refusal: Refusal): void;
  /** The client has gone: what has come is given back, unless it is done already. */
  drop(): void;
}

/**
 * Collects a body as the chunks it comes in, decoded if it is compressed, and ends as soon as it passes a
 * bound. `done` is called once, or never when the client goes away first: then the response closes.
 */
export function readBody(
  req: IncomingMessage,
  admission: Admission,
  reservation: BodyReservation,
  done: (body: Segments | Refusal) => void,
): IncomingBody {
  const { maxBodyBytes } = admission;
  const decoder = decoderOf(admission);
  const source: Readable = decoder === undefined ? req : req.pipe(decoder);
  let chunks: Uint8Array[] = [];
  let blocks: BodyBlocks | undefined;
  let byteLength = 0;
  let heldBytes = 0;
  let isDone = false;

  const drop = (): void => {
    if (isDone) return;
    isDone = true;
    chunks = [];
    blocks?.free();
    if (decoder === undefined) return;
    req.unpipe(decoder);
    decoder.destroy();
  };
  const keep = (chunk: Buffer): void => {
    if (blocks === undefined && byteLength > GATHER_FROM_BYTES) {
      blocks = new BodyBlocks();
      for (const each of chunks) blocks.add(each);
      chunks = [];
    }
    if (blocks === undefined) chunks.push(chunk);
    else blocks.add(chunk);
  };
  const finish = (result: Segments | Refusal): void => {
    if (isDone) return;
    if (isRefusal(result)) drop();
    isDone = true;
    done(result);
  };

  source.on('data', (chunk: Buffer) => {
    if (isDone) return;
    byteLength += chunk.byteLength;
    heldBytes += Math.max(chunk.byteLength, CHUNK_COST_BYTES);
    if (byteLength > maxBodyBytes) {
      finish(tooLarge(maxBodyBytes, byteLength));
      return;
    }
    const why = reservation.cover(heldBytes);
    if (why === undefined) keep(chunk);
    else finish(noRoom(why));
  });
  source.on('end', () => finish({ chunks: blocks?.take() ?? chunks, byteLength }));
  decoder?.on('error', (error) => {
    finish(refuse('MALFORMED', `the body is no ${admission.encoding} data: ${messageOf(error)}`));
  });
  return {
    get byteLength() {
      return byteLength;
    },
    refuse: finish,
    drop,
  };
}

function decoderOf({ encoding }: Admission) {
  if (encoding === 'gzip') return createGunzip();
  return encoding === 'deflate' ? createInflate() : undefined;
}

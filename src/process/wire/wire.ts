import type { Segments } from '../../tensor/segments.ts';

/** What a frame is about. */
export const KIND = {
  /** To the child: which model to load; meta is JSON. */
  LOAD: 1,
  /** To the child: finish what runs, then leave. */
  UNLOAD: 2,
  /** To the child: a batch. */
  RUN: 3,
  /** To the child: a member's caller has gone. */
  CANCEL: 4,
  /** To the gateway: the model is loaded; meta is its metadata as JSON. */
  LOADED: 5,
  /** To the gateway: it cannot be loaded; meta is the reason as text. */
  LOAD_FAILED: 6,
  /** To the gateway: room for so many more batches; the number stands in the batch field. */
  CREDIT: 7,
  /** To the gateway: the outputs of one member, or of all at once. */
  ANSWER: 8,
  /** To the gateway: one member failed alone; meta is the reason as text. */
  REFUSED: 9,
  /** To the gateway: the batch is over; meta is the time it took and, where asked for, memory before and after; or the error that ended it. */
  END: 10,
  /** To the gateway, on the control pipe: a heartbeat; meta is JSON. */
  HEARTBEAT: 11,
  /** To the gateway, on the control pipe: code in here is about to end the process. The batch field names the batch
   * in whose course that code runs, 0 where it runs for none; meta is JSON. */
  OWN_END: 12,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Bits that say more about a frame. */
export const FLAG = {
  /** ANSWER: no further part follows for this member. */
  LAST: 1,
  /** END: the model threw; meta is its message. */
  THREW: 2,
  /** REFUSED: by the model itself, not for what its answer holds. */
  BY_MODEL: 4,
  /** REFUSED: the input is at fault, and the model never saw it. */
  BY_INPUT: 8,
  /** RUN: END is to tell what memory the batch took. */
  MEASURE: 16,
  /** END: an output held NaN or an infinity. */
  NOT_FINITE: 32,
  /** RUN: outputs with another number of rows than the inputs are an error of the model. */
  ROWWISE: 64,
  /** Reserved: the payload lies elsewhere and the frame holds a reference to it. */
  BY_REFERENCE: 128,
} as const;

/** A frame without its bytes. */
export interface FrameHeader {
  readonly kind: Kind;
  readonly flags: number;
  /** Which of several versions in one process; 0 for now. */
  readonly slot: number;
  readonly incarnation: number;
  readonly batch: number;
  readonly member: number;
}

/** A frame as it was read. */
export interface Frame extends FrameHeader {
  readonly meta: Buffer;
  readonly payload: Segments;
}

/** In the member field of an ANSWER: the outputs of all members, rows under each other in their order. */
export const ALL_MEMBERS = 0xffffffff;

const MAGIC = 0x31594c47; // "GLY1"
export const HEADER_BYTES = 32;
/** Everything behind the header starts at a multiple of this, so that numbers can be read where they lie. */
const ALIGNMENT = 8;
/** Larger frames are refused on both sides. */
export const MAX_FRAME_BYTES = 0x7fffffff;
/** Pieces below this are copied together: handing the kernel many small ones costs more. */
export const COPY_BELOW_BYTES = 4096;

const KNOWN_KINDS: ReadonlySet<number> = new Set(Object.values(KIND));

export function padding(byteLength: number): number {
  return (ALIGNMENT - (byteLength % ALIGNMENT)) % ALIGNMENT;
}

/** What a header says of the bytes behind it. */
export interface ParsedHeader extends FrameHeader {
  /** Bytes behind the header, meta and payload. */
  readonly bodyBytes: number;
  readonly metaBytes: number;
}

/** Writes a header into the first 32 bytes of `target`. */
export function writeHeader(target: Buffer, header: FrameHeader, bodyBytes: number, metaBytes: number): void {
  target.writeUInt32LE(MAGIC, 0);
  target.writeUInt32LE(bodyBytes, 4);
  target[8] = header.kind;
  target[9] = header.flags;
  target.writeUInt16LE(header.slot, 10);
  target.writeUInt32LE(header.incarnation, 12);
  target.writeUInt32LE(header.batch, 16);
  target.writeUInt32LE(header.member, 20);
  target.writeUInt32LE(metaBytes, 24);
  target.writeUInt32LE(0, 28);
}

/** Reads the header at `at`; a text says what is wrong with it, and then nothing behind it can be trusted. */
export function parseHeader(bytes: Buffer, at: number): ParsedHeader | string {
  if (bytes.readUInt32LE(at) !== MAGIC)
    return `bytes that are no frame: ${bytes.toString('hex', at, at + 8)}`;
  const kind = bytes[at + 8] as number;
  if (!KNOWN_KINDS.has(kind)) return `a frame of unknown kind ${kind}`;
  const bodyBytes = bytes.readUInt32LE(at + 4);
  const metaBytes = bytes.readUInt32LE(at + 24);
  if (bodyBytes > MAX_FRAME_BYTES) return `a frame of ${bodyBytes} bytes, more than ${MAX_FRAME_BYTES}`;
  if (metaBytes > bodyBytes)
    return `a frame whose meta (${metaBytes} bytes) is longer than itself (${bodyBytes})`;
  return {
    kind: kind as Kind,
    flags: bytes[at + 9] as number,
    slot: bytes.readUInt16LE(at + 10),
    incarnation: bytes.readUInt32LE(at + 12),
    batch: bytes.readUInt32LE(at + 16),
    member: bytes.readUInt32LE(at + 20),
    bodyBytes,
    metaBytes,
  };
}

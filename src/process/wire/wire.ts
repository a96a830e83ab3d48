import type { Segments } from '../../tensor/segments.ts';

/** Frame kinds. */
export const KIND = {
  /** To the child: the model to load; meta is JSON. */
  LOAD: 1,
  /** To the child: finish what runs, then exit. */
  UNLOAD: 2,
  /** To the child: a batch. */
  RUN: 3,
  /** To the child: a member's caller has gone. */
  CANCEL: 4,
  /** To the gateway: the model is loaded; meta is its metadata as JSON. */
  LOADED: 5,
  /** To the gateway: the model cannot be loaded; meta is the reason as text. */
  LOAD_FAILED: 6,
  /** To the gateway: additional credits; the batch field holds their number. */
  CREDIT: 7,
  /** To the gateway: the outputs of one member, or of all at once. */
  ANSWER: 8,
  /** To the gateway: one member failed alone; meta is the reason as text. */
  REFUSED: 9,
  /**
   * To the gateway: the batch has ended; meta is its service time and, on request, the memory before and after; or
   * the error text.
   */
  END: 10,
  /** To the gateway, on the control pipe: a heartbeat; meta is JSON. */
  HEARTBEAT: 11,
  /**
   * To the gateway, on the control pipe: code in the process is about to end it. The batch field holds the batch that
   * started that code, 0 for none; meta is JSON.
   */
  OWN_END: 12,
  /**
   * To the gateway: the model asks another one while it runs a batch. The member field holds the number of the call among
   * those of the process.
   */
  CALL: 13,
  /** To the child: the answer to the call of that number. */
  REPLY: 14,
  /** To the child: the caller of a member has room for the next part of its answer. */
  NEXT: 15,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Flags of a frame. */
export const FLAG = {
  /** ANSWER: no further part follows for this member. */
  LAST: 1,
  /** RUN: the batch is a readiness check, so the model is also asked whether it is healthy. */
  CHECK: 1,
  /** RUN: each member is answered in parts, which end with an answer without outputs. */
  IN_PARTS: 2,
  /** END: the model threw; meta is its message. REPLY: the call was refused; meta is the reason and the message. */
  THREW: 2,
  /** REFUSED: by the model, not because of the contents of the answer. */
  BY_MODEL: 4,
  /** REFUSED: because of the input, which did not reach the model. */
  BY_INPUT: 8,
  /** RUN: END must report the memory of the batch. */
  MEASURE: 16,
  /** REFUSED: a call of another model was refused; meta is the reason and the message. */
  BY_CALL: 16,
  /** END: an output held NaN or an infinity. */
  NOT_FINITE: 32,
  /** RUN: it is a model error when outputs and inputs differ in their number of rows. */
  ROWWISE: 64,
  /** RUN on the direct pipe: the batch is on the data pipe. */
  BY_REFERENCE: 128,
} as const;

/** The header of a frame. */
export interface FrameHeader {
  readonly kind: Kind;
  readonly flags: number;
  /** Reserved for several versions in one process; 0. */
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

/** Member field of an ANSWER: the outputs of all members, rows concatenated in their order. */
export const ALL_MEMBERS = 0xffffffff;

const MAGIC = 0x31594c47; // "GLY1"
export const HEADER_BYTES = 32;
/** Alignment of everything after the header, so that numbers can be read in place. */
const ALIGNMENT = 8;
/** Larger frames are rejected on both sides. */
export const MAX_FRAME_BYTES = 0x7fffffff;
/** Smaller pieces are copied together, because many small writes cost more. */
export const COPY_BELOW_BYTES = 4096;

const KNOWN_KINDS: ReadonlySet<number> = new Set(Object.values(KIND));

export function padding(byteLength: number): number {
  return (ALIGNMENT - (byteLength % ALIGNMENT)) % ALIGNMENT;
}

/** A header with the lengths it announces. */
export interface ParsedHeader extends FrameHeader {
  /** Bytes after the header, meta and payload. */
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

/** Reads the header at `at`. Returns an error text when it is malformed; nothing after it can be used then. */
export function parseHeader(bytes: Buffer, at: number): ParsedHeader | string {
  if (bytes.readUInt32LE(at) !== MAGIC) return `not a frame header: ${bytes.toString('hex', at, at + 8)}`;
  const kind = bytes[at + 8] as number;
  if (!KNOWN_KINDS.has(kind)) return `unknown frame kind ${kind}`;
  const bodyBytes = bytes.readUInt32LE(at + 4);
  const metaBytes = bytes.readUInt32LE(at + 24);
  if (bodyBytes > MAX_FRAME_BYTES) return `frame of ${bodyBytes} bytes, the limit is ${MAX_FRAME_BYTES}`;
  if (metaBytes > bodyBytes)
    return `frame meta of ${metaBytes} bytes is longer than its body of ${bodyBytes}`;
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

/** A meta or payload without contents. */
export const NO_BYTES = new Uint8Array(0);

/** The meta of a frame whose kind carries text. */
export function metaText({ meta }: Pick<Frame, 'meta'>): string {
  return meta.toString('utf8');
}

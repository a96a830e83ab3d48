import type { Reason } from '../../base/errors.ts';

/** Kinds of inputs of the core and of its decisions. Recording files contain the numbers: never change one. */
export const INPUT = {
  /** A version was created; text is its spec as JSON. */
  VERSION: 1,
  COMMAND: 2,
  ARRIVED: 3,
  CANCELLED: 4,
  /** Members were answered, in order. */
  ANSWERED: 5,
  /** A member was refused. */
  REFUSED: 6,
  ENDED: 7,
  LOADED: 8,
  LOAD_FAILED: 9,
  CREDITED: 10,
  HEARTBEAT: 11,
  EXITED: 12,
  /** A timer fired. */
  WOKE: 13,
  TURN_ENDED: 14,
  /** The result of a comparison of answers. */
  JUDGED: 15,
  DEPENDENCY: 16,
  /** Not an input: a decision, which a replay compares. */
  DECIDED: 17,
  /** Content fingerprint, tenant and weight of the next request, where it has any. */
  CALLER: 18,
  /** A replica has to wait before it may start; those that need not wait are not recorded. */
  WAITED: 19,
  /** A replica that waited may start. */
  GRANTED: 20,
  /** The event loop is behind; the value is in ms. */
  DELAYED: 21,
  /** A request may be refused from its headers. */
  KNOCKED: 22,
  /**
   * Not an input of a version: how a route handled a call. `value` is the rule, `a` the route, `b` the variant, and the
   * text what answered, after several attempts with these. Its requests to versions are recorded as such.
   */
  ROUTED: 23,
} as const;
export type InputKind = (typeof INPUT)[keyof typeof INPUT];

/**
 * Why a replica refused a member: the index is the flag of REFUSED. Those after the third come from calls of other models.
 * Recording files contain it: only append.
 */
export const REFUSED_REASONS: readonly Reason[] = [
  ...(['BAD_OUTPUT', 'MODEL_ERROR', 'INVALID_INPUT'] as const),
  ...(['MODEL_STARTING', 'MODEL_FAILED', 'REPLICA_LOST', 'DRAINING'] as const),
  ...([
    'QUEUE_FULL',
    'CLASS_SHED',
    'DISPLACED',
    'PREDICTED_LATE',
    'DROPPED_LATE',
    'BODIES_IN_FLIGHT',
  ] as const),
  ...(['DEADLINE_ARRIVING', 'DEADLINE_QUEUED', 'DEADLINE_RUNNING', 'CANCELLED'] as const),
  ...(['POISON_INPUT', 'DENIED_INPUT', 'TENANT_QUOTA', 'INTERNAL'] as const),
];

/** Bits in the flag of an arrival; the three from PRIORITY on hold 0 for the model's own, else the priority plus 1. */
export const ARRIVED = { DENIED: 1, TIMEOUT: 2, EXPLAINED: 4, PRIORITY: 8, SUSPECT: 64 } as const;
/** The three priority bits in the flag of an arrival. */
export function priorityIn(flag: number): number {
  return Math.floor((flag % ARRIVED.SUSPECT) / ARRIVED.PRIORITY);
}

/** One event of a recording. The meaning of the numbers depends on the kind; `text` is an index into the texts. */
export interface RecordedEvent {
  readonly at: number;
  readonly kind: InputKind;
  readonly flag: number;
  readonly version: number;
  readonly a: number;
  readonly b: number;
  readonly text: number;
  readonly value: number;
}

/** Everything that a replay needs. */
export interface Recording {
  /** The seed of all random numbers. */
  readonly seed: string;
  /** Wall-clock start in ms, for readers. */
  readonly startedWallMs: number;
  /** Spec and loaded metadata of each version, as text numbers: kept when the first events are overwritten. */
  readonly versions: readonly { readonly spec: number; readonly loaded: number }[];
  /** Whether it begins at the start of the server and lacks no text; false when the first events were overwritten. */
  readonly isWhole: boolean;
  readonly texts: readonly string[];
  readonly events: readonly RecordedEvent[];
}

export const EVENT_BYTES = 32;
const MAGIC = 'GALLEYREC1\n';

/** The numbers of an event; an omitted one is 0. */
export interface EventNumbers {
  readonly flag?: number;
  readonly a?: number;
  readonly b?: number;
  readonly text?: number;
  readonly value?: number;
}

/** Records events. No method throws. */
export interface EventSink {
  write(version: number, kind: InputKind, numbers: EventNumbers): void;
  /** Records the answer of a member of a batch. */
  answered(version: number, batch: number, member: number): void;
  /** Records the metadata of a loaded model, as JSON. */
  loaded(version: number, metadata: string): void;
  /** The number that stands for a text. */
  textId(text: string): number;
  /** The number of a text that is never removed. */
  pinnedTextId(text: string): number;
}

/** Writes one event into its slot of the ring, without allocation. */
export function writeEvent(
  floats: Float64Array,
  words: Uint32Array,
  slot: number,
  event: RecordedEvent,
): void {
  floats[4 * slot] = event.at;
  floats[4 * slot + 1] = event.value;
  const word = 8 * slot + 4;
  words[word] = event.kind | (event.flag << 8) | (event.version << 16);
  words[word + 1] = event.a;
  words[word + 2] = event.b;
  words[word + 3] = event.text;
}

function readEvent(floats: Float64Array, words: Uint32Array, slot: number): RecordedEvent {
  const word = 8 * slot + 4;
  const head = words[word] as number;
  return {
    at: floats[4 * slot] as number,
    value: floats[4 * slot + 1] as number,
    kind: (head & 0xff) as InputKind,
    flag: (head >>> 8) & 0xff,
    version: head >>> 16,
    a: words[word + 1] as number,
    b: words[word + 2] as number,
    text: words[word + 3] as number,
  };
}

/** A recording file: a magic line, the length of the head (UInt32LE), the head as JSON, the events as in memory. */
export function encodeRecording(head: Omit<Recording, 'events'>, events: readonly Uint8Array[]): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.byteLength, 0);
  return Buffer.concat([Buffer.from(MAGIC), length, json, ...events]);
}

function readHead(text: string): Omit<Recording, 'events'> {
  try {
    return JSON.parse(text) as Omit<Recording, 'events'>;
  } catch (caught) {
    throw new Error('the recording is truncated or damaged: its head cannot be parsed', {
      cause: caught,
    });
  }
}

/** Reads a recording file; throws an Error for a file that is not one, is damaged, or has another format version. */
export function decodeRecording(bytes: Uint8Array): Recording {
  const buffer = Buffer.from(bytes);
  const start = MAGIC.length + 4;
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC || buffer.byteLength < start) {
    throw new Error('not a Galley recording, or a recording of another format version');
  }
  const headEnd = start + buffer.readUInt32LE(MAGIC.length);
  const head = readHead(buffer.toString('utf8', start, headEnd));
  // A copy, because typed arrays need aligned memory.
  const body = Uint8Array.from(buffer.subarray(headEnd)).buffer;
  const count = Math.floor(body.byteLength / EVENT_BYTES);
  const floats = new Float64Array(body, 0, count * 4);
  const words = new Uint32Array(body, 0, count * 8);
  return { ...head, events: Array.from({ length: count }, (_, slot) => readEvent(floats, words, slot)) };
}

import type { Reason } from '../../base/errors.ts';

/** What came into the brain, or what it decided. The numbers are in files: never change one. */
export const INPUT = {
  /** A version was made; text is its spec as JSON. */
  VERSION: 1,
  COMMAND: 2,
  ARRIVED: 3,
  CANCELLED: 4,
  /** Members answered in a row. */
  ANSWERED: 5,
  /** A member was refused. */
  REFUSED: 6,
  ENDED: 7,
  LOADED: 8,
  LOAD_FAILED: 9,
  CREDITED: 10,
  HEARTBEAT: 11,
  EXITED: 12,
  /** An alarm rang. */
  WOKE: 13,
  TURN_ENDED: 14,
  /** Something was found in an answer. */
  JUDGED: 15,
  DEPENDENCY: 16,
  /** No input: what followed, to be compared. */
  DECIDED: 17,
  /** Contents, tenant and weight of the request that comes next, where it has any. */
  CALLER: 18,
} as const;
export type InputKind = (typeof INPUT)[keyof typeof INPUT];

/** Why a replica refused a member: the place in this list is the flag of REFUSED. The places are in files too. */
export const REFUSED_REASONS: readonly Reason[] = ['BAD_OUTPUT', 'MODEL_ERROR', 'INVALID_INPUT'];

/** Bits in the flag of an arrival; three of them from PRIORITY on count: 0 is the model's own, else one more than the priority. */
export const ARRIVED = { DENIED: 1, TIMEOUT: 2, EXPLAINED: 4, PRIORITY: 8, SUSPECT: 64 } as const;
/** The priority in the flag of an arrival, as it was counted there. */
export function priorityIn(flag: number): number {
  return Math.floor((flag % ARRIVED.SUSPECT) / ARRIVED.PRIORITY);
}

/** One event of a recording. What the numbers mean depends on the kind; `text` points into the list of texts. */
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

/** Everything needed to live through it again. */
export interface Recording {
  /** The seed of all chance. */
  readonly seed: string;
  /** Wall clock when it began, in ms, for people. */
  readonly startedWallMs: number;
  /** What the versions are and what they loaded, as texts: known also when the beginning is gone. */
  readonly versions: readonly { readonly spec: number; readonly loaded: number }[];
  /** Whether it reaches back to the start; else the beginning was overwritten. */
  readonly isWhole: boolean;
  readonly texts: readonly string[];
  readonly events: readonly RecordedEvent[];
}

export const EVENT_BYTES = 32;
const MAGIC = 'GALLEYREC1\n';

/** The numbers of an event; what is left out is 0. */
export interface EventNumbers {
  readonly flag?: number;
  readonly a?: number;
  readonly b?: number;
  readonly text?: number;
  readonly value?: number;
}

/** Takes down what comes in. No method throws. */
export interface EventSink {
  write(version: number, kind: InputKind, numbers: EventNumbers): void;
  /** A member of a batch was answered. */
  answered(version: number, batch: number, member: number): void;
  /** A version has loaded its model; `metadata` is JSON. */
  loaded(version: number, metadata: string): void;
  /** The number that stands for a text. */
  textId(text: string): number;
  /** The same, for a text that is kept as long as the recorder. */
  pinnedTextId(text: string): number;
}

/** Writes one event into its place in a ring; four stores and no allocation. */
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

/** A recording as a file: a line, the length of the head, the head as JSON, the events as they lie in memory. */
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
    throw new Error('the recording is cut off or damaged: what it begins with cannot be read', {
      cause: caught,
    });
  }
}

/** Reads a recording; throws an Error that says what is wrong with the file. */
export function decodeRecording(bytes: Uint8Array): Recording {
  const buffer = Buffer.from(bytes);
  const start = MAGIC.length + 4;
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC || buffer.byteLength < start) {
    throw new Error('this is no recording of Galley, or one of another version');
  }
  const headEnd = start + buffer.readUInt32LE(MAGIC.length);
  const head = readHead(buffer.toString('utf8', start, headEnd));
  // A copy: numbers can be read in place only where they are aligned.
  const body = Uint8Array.from(buffer.subarray(headEnd)).buffer;
  const count = Math.floor(body.byteLength / EVENT_BYTES);
  const floats = new Float64Array(body, 0, count * 4);
  const words = new Uint32Array(body, 0, count * 8);
  return { ...head, events: Array.from({ length: count }, (_, slot) => readEvent(floats, words, slot)) };
}

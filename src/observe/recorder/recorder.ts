import type { Clock } from '../../base/clock.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { VersionPorts, VersionSpec } from '../../fleet/version/version-spec.ts';
import { fingerprint, watchDecisions } from '../decisions/fingerprint.ts';
import {
  ARRIVED,
  EVENT_BYTES,
  type EventNumbers,
  type EventSink,
  encodeRecording,
  INPUT,
  type InputKind,
  type Recording,
  writeEvent,
} from './recording.ts';
import { recordingPorts } from './recording-ports.ts';
import { TextTable } from './text-table.ts';

/** Bounds of the texts of the events in the ring. */
const TEXT_LIMITS = { texts: 65_536, bytes: 16 * 1024 * 1024 };
/** When a text has no room, the oldest of this many equal parts of the events is dropped. */
const SEGMENTS = 8;

/** How a route handled a call. */
interface RoutedCall {
  readonly route: string;
  readonly rule: number;
  readonly variant: string;
  readonly attempts: readonly { readonly target: string; readonly result: string }[];
  readonly servedBy: string;
}

/** The seed of all random numbers, and the wall-clock start for readers. */
type RecordingStart = Pick<Recording, 'seed' | 'startedWallMs'>;

/**
 * The flight recorder: every input of the core and every decision, in a bounded ring. A replay of the same inputs leads
 * to the same decisions.
 */
export class Recorder implements EventSink {
  readonly #clock: Clock;
  readonly #start: RecordingStart;
  readonly #bytes: Uint8Array;
  readonly #floats: Float64Array;
  readonly #words: Uint32Array;
  readonly #capacity: number;
  readonly #texts = new TextTable(TEXT_LIMITS);
  #written = 0;
  /** Events before this one were dropped to make room for texts. */
  #first = 0;
  #hasLostTexts = false;
  /** The last run of members that were answered in order. */
  readonly #run = { index: -1, version: 0, batch: 0, nextMember: 0, at: 0 };
  readonly #made: { readonly spec: number; loaded: number }[] = [];

  constructor(clock: Clock, start: RecordingStart, maxBytes: number) {
    this.#clock = clock;
    this.#start = start;
    this.#capacity = Math.max(1, Math.floor(maxBytes / EVENT_BYTES));
    const memory = new ArrayBuffer(this.#capacity * EVENT_BYTES);
    this.#bytes = new Uint8Array(memory);
    this.#floats = new Float64Array(memory);
    this.#words = new Uint32Array(memory);
  }

  /** Events written so far, including overwritten ones. */
  get written(): number {
    return this.#written;
  }

  /** Wraps the ports of a new version in recording ports, and returns its number in the recording. */
  portsFor(
    spec: VersionSpec,
    ports: VersionPorts,
  ): { readonly ports: VersionPorts; readonly version: number } {
    const version = this.#made.length;
    const { model, version: name, file, settings, ownSample } = spec;
    // Only the shape of the user's sample is kept: its contents influence no decision.
    const forms = ownSample.map(({ name: input, datatype, shape, data }) => ({
      ...{ name: input, datatype, shape },
      isGiven: data !== undefined,
    }));
    const kept = { model, version: name, file, settings, ownSample: forms };
    const text = this.pinnedTextId(JSON.stringify(kept));
    this.#made.push({ spec: text, loaded: 0 });
    this.write(version, INPUT.VERSION, { text });
    return { ports: recordingPorts(this, version, ports), version };
  }

  /** Records the inputs of a version that do not come through its ports, and its decisions. */
  watch(version: number, it: VersionInService): void {
    it.commanded.on((command) =>
      this.write(version, INPUT.COMMAND, { text: this.textId(JSON.stringify(command)) }),
    );
    it.arrived.on(({ facts, isDenied, isSuspect }) => {
      const { timeoutMs, priority, tenant, isExplained, contentKey } = facts;
      if (tenant.name !== '' || contentKey !== undefined) {
        const text = tenant.name === '' ? 0 : this.textId(tenant.name);
        const a = contentKey === undefined ? 0 : fingerprint(contentKey) || 1;
        this.write(version, INPUT.CALLER, { a, text, value: tenant.weight });
      }
      this.write(version, INPUT.ARRIVED, {
        flag:
          (isDenied ? ARRIVED.DENIED : 0) |
          (isSuspect ? ARRIVED.SUSPECT : 0) |
          (timeoutMs === undefined ? 0 : ARRIVED.TIMEOUT) |
          (isExplained ? ARRIVED.EXPLAINED : 0) |
          ((priority === undefined ? 0 : priority + 1) * ARRIVED.PRIORITY),
        a: facts.rows,
        b: facts.bytes,
        text: this.textId(facts.lane),
        value: facts.timeoutMs ?? 0,
      });
    });
    it.doorway.delayed.on((ms) => this.write(version, INPUT.DELAYED, { value: ms }));
    it.doorway.knocked.on(({ name, weight }) => {
      if (name !== '') this.write(version, INPUT.CALLER, { text: this.textId(name), value: weight });
      this.write(version, INPUT.KNOCKED, {});
    });
    it.cancelled.on(({ id }) => this.write(version, INPUT.CANCELLED, { a: id }));
    watchDecisions(it, (decision) => this.write(version, INPUT.DECIDED, { a: fingerprint(decision), b: 0 }));
  }

  /** Records how a route handled a call: what a replay feeds to the versions is recorded with them. */
  routed({ route, rule, variant, attempts, servedBy }: RoutedCall): void {
    const [first] = attempts;
    const isPlain = attempts.length === 1 && first?.result === 'answered';
    // The names of versions are few, so that their numbers are found without bookkeeping.
    const text = isPlain
      ? this.pinnedTextId(servedBy)
      : this.textId([...attempts.map(({ target, result }) => `${target} ${result}`), servedBy].join(', '));
    const b = variant === '' ? 0 : this.pinnedTextId(variant);
    this.write(0, INPUT.ROUTED, { a: this.pinnedTextId(route), b, text, value: rule });
  }

  write(version: number, kind: InputKind, numbers: EventNumbers): void {
    try {
      this.#write(version, kind, numbers);
    } catch (error) {
      // The recording is incomplete from here on; serving continues.
      this.#hasLostTexts = true;
      reportMistake('the recorder', error);
    }
  }

  #write(version: number, kind: InputKind, numbers: EventNumbers): void {
    const { flag = 0, a = 0, b = 0, text = 0, value = 0 } = numbers;
    const at = this.#clock.now();
    const event = { at, kind, flag, version, a, b, text, value };
    writeEvent(this.#floats, this.#words, this.#written % this.#capacity, event);
    this.#written += 1;
  }

  /** Records the answer of a member. Answers in order extend the last event instead of adding one. */
  answered(version: number, batch: number, member: number): void {
    const run = this.#run;
    const isNext = run.index === this.#written - 1 && run.version === version && run.batch === batch;
    if (isNext && run.nextMember === member && run.at === this.#now()) {
      run.nextMember += 1;
      (this.#floats[4 * (run.index % this.#capacity) + 1] as number) += 1;
      return;
    }
    run.index = this.#written;
    run.version = version;
    run.batch = batch;
    run.nextMember = member + 1;
    run.at = this.#now();
    this.write(version, INPUT.ANSWERED, { a: batch, b: member, value: 1 });
  }

  /** NaN after an error of the clock: it equals no time, so no events are merged. */
  #now(): number {
    try {
      return this.#clock.now();
    } catch (error) {
      reportMistake('the recorder', error);
      return Number.NaN;
    }
  }

  /** Keeps the metadata of a loaded model; all replicas of a version report the same. */
  loaded(version: number, metadata: string): void {
    const made = this.#made[version];
    if (made !== undefined) made.loaded = this.pinnedTextId(metadata);
  }

  /**
   * The number of a text in the event that is written next. When the table of texts is full, the oldest events are
   * dropped with their texts: texts from callers never prevent later events from being recorded.
   */
  textId(text: string): number {
    for (;;) {
      const id = this.#texts.idOf(text, this.#written);
      if (id !== undefined) return id;
      const kept = this.#written - this.#oldest;
      if (kept === 0) break;
      this.#first = this.#oldest + Math.ceil(kept / SEGMENTS);
      this.#texts.forgetBefore(this.#first);
    }
    this.#hasLostTexts = true;
    return 0;
  }

  /** The number of a text that is never removed. */
  pinnedTextId(text: string): number {
    return this.#texts.pin(text);
  }

  /** The events in the ring, encoded as a recording file. */
  dump(): Buffer {
    const head = {
      ...this.#start,
      versions: this.#made,
      isWhole: this.#oldest === 0 && !this.#hasLostTexts,
      texts: this.#texts.texts,
    };
    const [from, to] = [this.#oldest, this.#written].map((place) => (place % this.#capacity) * EVENT_BYTES);
    const isInOnePiece = this.#written - this.#oldest === 0 || (from as number) < (to as number);
    const events = isInOnePiece
      ? [this.#bytes.subarray(from, to)]
      : [this.#bytes.subarray(from), this.#bytes.subarray(0, to)];
    return encodeRecording(head, events);
  }

  /** The first event that is still in the ring. */
  get #oldest(): number {
    return Math.max(this.#first, this.#written - this.#capacity);
  }
}

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
  writeEvent,
} from './recording.ts';
import { recordingPorts } from './recording-ports.ts';
import { TextTable } from './text-table.ts';

/** Texts of the events in the ring. */
const TEXT_LIMITS = { texts: 65_536, bytes: 16 * 1024 * 1024 };
/** When there is no room for a text, one in so many of the events makes room. */
const SEGMENTS = 8;

/**
 * The flight recorder: every input of the brain, and what it decided, in a bounded ring. Replayed, the same inputs
 * lead to the same decisions.
 */
export class Recorder implements EventSink {
  readonly #clock: Clock;
  readonly #seed: string;
  readonly #startedWallMs: number;
  readonly #bytes: Uint8Array;
  readonly #floats: Float64Array;
  readonly #words: Uint32Array;
  readonly #capacity: number;
  readonly #texts = new TextTable(TEXT_LIMITS);
  #written = 0;
  /** Events before this were dropped before they were overwritten. */
  #first = 0;
  #hasLostTexts = false;
  /** The members answered last, in a row. */
  readonly #run = { index: -1, version: 0, batch: 0, nextMember: 0, at: 0 };
  readonly #made: { readonly spec: number; loaded: number }[] = [];

  /** `seed` is that of all chance; `wallMs` is for whoever reads the recording. */
  constructor(clock: Clock, seed: string, wallMs: number, maxBytes: number) {
    this.#clock = clock;
    this.#seed = seed;
    this.#startedWallMs = wallMs;
    this.#capacity = Math.max(1, Math.floor(maxBytes / EVENT_BYTES));
    const memory = new ArrayBuffer(this.#capacity * EVENT_BYTES);
    this.#bytes = new Uint8Array(memory);
    this.#floats = new Float64Array(memory);
    this.#words = new Uint32Array(memory);
  }

  /** Events written so far, overwritten ones included. */
  get written(): number {
    return this.#written;
  }

  /** The same ports with the recorder in between, for a version that is about to be made. */
  portsFor(
    spec: VersionSpec,
    ports: VersionPorts,
  ): { readonly ports: VersionPorts; readonly version: number } {
    const version = this.#made.length;
    const { model, version: name, file, settings, ownSample } = spec;
    // Not what the user's sample holds, only its form: contents decide nothing here.
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

  /** Listens to what comes into a version beside its ports, and to what it decides. */
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
    it.cancelled.on(({ id }) => this.write(version, INPUT.CANCELLED, { a: id }));
    watchDecisions(it, (decision) => this.write(version, INPUT.DECIDED, { a: fingerprint(decision), b: 0 }));
  }

  write(version: number, kind: InputKind, numbers: EventNumbers): void {
    try {
      this.#write(version, kind, numbers);
    } catch (error) {
      // What is recorded is not whole any more; what happens goes on.
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

  /** A member was answered. The one before it mostly was too: then that event grows by one. */
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

  /** NaN equals no moment: then nothing is taken together. */
  #now(): number {
    try {
      return this.#clock.now();
    } catch (error) {
      reportMistake('the recorder', error);
      return Number.NaN;
    }
  }

  /** A replica has loaded its model; all of a version bring the same. */
  loaded(version: number, metadata: string): void {
    const made = this.#made[version];
    if (made !== undefined) made.loaded = this.pinnedTextId(metadata);
  }

  /**
   * The number that stands for a text in the event that is written next. Where the table of texts is full, the oldest events
   * go, and their texts with them: what a caller invents never keeps later events from being recorded.
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

  /** The number of a text that events of the whole run use. */
  pinnedTextId(text: string): number {
    return this.#texts.pin(text);
  }

  /** What is in the ring now, as a file. */
  dump(): Buffer {
    const head = {
      seed: this.#seed,
      startedWallMs: this.#startedWallMs,
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

  /** The first event that is still there. */
  get #oldest(): number {
    return Math.max(this.#first, this.#written - this.#capacity);
  }
}

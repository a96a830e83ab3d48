import type { Clock } from '../base/clock.ts';
import { reportMistake } from '../base/mistake.ts';
import type { VersionInService } from '../fleet/version-in-service.ts';
import type { VersionPorts, VersionSpec } from '../fleet/version-spec.ts';
import { fingerprint, watchDecisions } from './fingerprint.ts';
import { ARRIVED, EVENT_BYTES, encodeRecording, INPUT, type InputKind, writeEvent } from './recording.ts';
import { recordingPorts } from './recording-ports.ts';

/** The numbers of an event; what is left out is 0. */
export interface EventNumbers {
  readonly flag?: number;
  readonly a?: number;
  readonly b?: number;
  readonly text?: number;
  readonly value?: number;
}

/** Texts beyond this are no longer kept; a recording that needed one is not whole. */
const MAX_TEXTS = 65_536;

/**
 * The flight recorder: every input of the brain, and what it decided, in a bounded ring. Replayed, the same inputs
 * lead to the same decisions.
 */
export class Recorder {
  readonly #clock: Clock;
  readonly #seed: string;
  readonly #startedWallMs: number;
  readonly #bytes: Uint8Array;
  readonly #floats: Float64Array;
  readonly #words: Uint32Array;
  readonly #capacity: number;
  readonly #texts: string[] = [''];
  readonly #textIds = new Map<string, number>([['', 0]]);
  #written = 0;
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
    const text = this.textId(JSON.stringify(kept));
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
    if (made !== undefined) made.loaded = this.textId(metadata);
  }

  /** The number that stands for a text. */
  textId(text: string): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= MAX_TEXTS) {
      this.#hasLostTexts = true;
      return 0;
    }
    const id = this.#texts.length;
    this.#texts.push(text);
    this.#textIds.set(text, id);
    return id;
  }

  /** What is in the ring now, as a file. */
  dump(): Buffer {
    const head = {
      seed: this.#seed,
      startedWallMs: this.#startedWallMs,
      versions: this.#made,
      isWhole: this.#written <= this.#capacity && !this.#hasLostTexts,
      texts: this.#texts,
    };
    const next = (this.#written % this.#capacity) * EVENT_BYTES;
    const events =
      this.#written <= this.#capacity
        ? [this.#bytes.subarray(0, this.#written * EVENT_BYTES)]
        : [this.#bytes.subarray(next), this.#bytes.subarray(0, next)];
    return encodeRecording(head, events);
  }
}

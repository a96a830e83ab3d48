import { messageOf } from '../../base/errors.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { ModelCaller } from '../../replica/model-caller.ts';
import type { Replica, ReplicaId, ReplicaObserver } from '../../replica/replica.ts';
import { segmentsOf, totalBytes } from '../../tensor/segments.ts';
import type { Batch } from '../../work/batch.ts';
import type { LossCause, OutcomeSink } from '../../work/outcome.ts';
import { encodeRun } from '../wire/batch-frames.ts';
import { Channel } from '../wire/channel.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import { DIRECT_UP_TO_BYTES, usesDirectPipe } from '../wire/direct-pipe.ts';
import type { KeptModel } from '../wire/kept-model.ts';
import { standsStill } from '../wire/own-end.ts';
import { FLAG, type Frame, type FrameHeader, KIND, type Kind, metaText, NO_BYTES } from '../wire/wire.ts';
import { BatchesUnderWay, errorText } from './batches-under-way.ts';
import { CallsUnderWay } from './calls-under-way.ts';
import type { ChildHandle, ProcessEnd } from './child-handle.ts';
import { readHeartbeat, readMetadata, readOwnEnd } from './frame-checks.ts';
import { replicaExit, type ToldEnd } from './replica-exit.ts';
import { runFlags } from './run-flags.ts';

/** Bound on frames that carry error text, and on the part of an answer frame that is not tensor data. */
const MOST_TEXT_BYTES = 1024 * 1024;
/** Bound on a frame that carries metadata: a module model may bring a sample. */
const MOST_METADATA_BYTES = 3 * MOST_TEXT_BYTES;
/** Upper bound on the credits of one replica. */
const MOST_CREDITS = 64;

/** A replica's process: the slot that it fills, and which of the slot's processes it is. */
export interface Incarnation {
  readonly id: ReplicaId;
  readonly incarnation: number;
}

/**
 * What a replica loads, and who hears of it; `kept` is the copy to load when the file has been replaced, and through
 * `caller` its model calls others.
 */
export interface LoadParts {
  readonly order: LoadOrder;
  readonly kept?: KeptModel | undefined;
  readonly observer: ReplicaObserver;
  readonly caller?: ModelCaller | undefined;
}

/** Gateway side of a replica process: sends batches as frames and turns received frames into outcomes. */
export class ProcessReplica implements Replica {
  readonly id: ReplicaId;
  readonly incarnation: number;
  readonly #child: ChildHandle;
  readonly #data: Channel;
  /** Carries small batches; undefined where the replica does not use its direct pipe. */
  readonly #direct: Channel | undefined;
  readonly #observer: ReplicaObserver;
  readonly #order: LoadOrder;
  readonly #batches: BatchesUnderWay;
  readonly #calls: CallsUnderWay;
  #metadata: ModelMetadata | undefined;
  #credits = 0;
  #detail = '';
  /** Why the gateway ends the process; reported as the cause instead of the signal. */
  #killedFor: LossCause | undefined;
  #end: ProcessEnd | undefined;
  /** The notice the process sent before its own code ended it, and the batch whose code did so. */
  #ownEnd: ToldEnd | undefined;
  #openPipes = 3;
  #isOver = false;

  constructor({ id, incarnation }: Incarnation, child: ChildHandle, parts: LoadParts) {
    const { order, kept, observer, caller } = parts;
    this.id = id;
    this.incarnation = incarnation;
    this.#child = child;
    this.#observer = observer;
    this.#order = order;
    this.#batches = new BatchesUnderWay(order.maxErrorCharacters, (batch, member) =>
      this.#send(KIND.NEXT, batch, member),
    );
    this.#calls = new CallsUnderWay(caller, ({ kind, flags, batch, member, meta, payloads }) =>
      this.#data.send({ ...this.#header(kind, batch, member), flags }, meta, payloads),
    );
    const broken = (detail: string) => this.#breakOff(detail);
    const closed = () => {
      this.#openPipes -= 1;
      this.#finish();
    };
    const onFrames = { frame: (frame: Frame) => this.#onFrame(frame), broken, closed };
    const mostBytes = (header: FrameHeader) => this.#mostBytes(header);
    this.#data = new Channel(child.data, onFrames, mostBytes);
    const direct = new Channel(child.direct, onFrames, mostBytes);
    this.#direct = usesDirectPipe(order) ? direct : undefined;
    const onControl = { frame: (frame: Frame) => this.#onControl(frame), broken, closed };
    new Channel(child.control, onControl, () => MOST_TEXT_BYTES);
    child.whenEnded((end) => {
      this.#end ??= end;
      this.#finish();
    });
    const keptFiles = kept && { artefact: kept.artefact, files: kept.files };
    const text = JSON.stringify({ ...order, ...(keptFiles && { kept: keptFiles }) });
    this.#data.send(this.#header(KIND.LOAD, 0, 0), Buffer.from(text), kept ? [segmentsOf(kept.bytes)] : []);
  }

  start(batch: Batch, sink: OutcomeSink): void {
    this.#batches.start(batch, sink);
    const { meta, payloads } = encodeRun(batch);
    const flags = runFlags(batch);
    const header = { ...this.#header(KIND.RUN, batch.id, 0), flags };
    if (this.#direct === undefined) {
      this.#data.send(header, meta, payloads);
    } else if (meta.byteLength + totalBytes(payloads) <= DIRECT_UP_TO_BYTES) {
      this.#direct.send(header, meta, payloads);
    } else {
      this.#data.send(header, meta, payloads);
      this.#direct.send({ ...header, flags: flags | FLAG.BY_REFERENCE }, NO_BYTES, []);
    }
  }

  cancel(batch: Batch, member: number): void {
    if (!this.#batches.has(batch.id)) return;
    this.#send(KIND.CANCEL, batch.id, member);
    this.#calls.left(batch.id, batch.members);
  }

  drain(): void {
    this.#send(KIND.UNLOAD, 0, 0);
    // On both: a compute thread that has loaded waits for the direct pipe, one that loads does not read it yet.
    this.#direct?.send(this.#header(KIND.UNLOAD, 0, 0), NO_BYTES, []);
  }

  kill(cause: LossCause): void {
    this.#killedFor ??= cause;
    this.#child.kill();
  }

  /**
   * Only the answer to a pending batch, or a call in it, may be large. The limit of a joint answer equals that of a
   * single one, because larger answers are sent separately.
   */
  #mostBytes({ kind, batch }: FrameHeader): number {
    if (kind === KIND.LOADED) return MOST_METADATA_BYTES;
    const isData = (kind === KIND.ANSWER || kind === KIND.CALL) && this.#batches.has(batch);
    return isData ? this.#order.maxAnswerBytes + MOST_TEXT_BYTES : MOST_TEXT_BYTES;
  }

  #onControl(frame: Frame): void {
    if (!this.#isHeard(frame)) return;
    if (frame.kind === KIND.HEARTBEAT) {
      const heartbeat = this.#decode(() => readHeartbeat(metaText(frame)));
      if (heartbeat !== undefined) this.#observer.heartbeat(heartbeat);
    } else if (frame.kind === KIND.OWN_END) {
      const end = this.#decode(() => readOwnEnd(metaText(frame)));
      if (end === undefined) return;
      this.#ownEnd ??= { batch: frame.batch, end };
      // The process is stopped: it can neither continue nor exit.
      if (standsStill(end)) this.#child.kill();
    } else {
      this.#breakOff(`frame kind ${frame.kind} is not allowed on the control pipe`);
    }
  }

  /** Drops bytes of an earlier incarnation, and everything that follows a protocol violation. */
  #isHeard({ incarnation }: Frame): boolean {
    return incarnation === this.incarnation && !this.#isOver && this.#killedFor !== 'protocol';
  }

  #onFrame(frame: Frame): void {
    if (!this.#isHeard(frame)) return;
    switch (frame.kind) {
      case KIND.LOADED:
        this.#onLoaded(frame);
        break;
      case KIND.LOAD_FAILED:
        this.#observer.loadFailed(errorText(frame, this.#order.maxErrorCharacters));
        break;
      case KIND.CREDIT:
        this.#onCredit(frame.batch);
        break;
      case KIND.ANSWER:
      case KIND.REFUSED:
      case KIND.END:
        if (frame.kind === KIND.END) this.#calls.ended(frame.batch);
        this.#decode(() => this.#batches.read(frame, this.#metadata?.outputs ?? []))?.();
        break;
      case KIND.CALL:
        this.#decode(() => this.#calls.read(frame, this.#batches.membersOf(frame.batch)))?.();
        break;
      default:
        this.#breakOff(`frame kind ${frame.kind} is not sent by replicas`);
    }
  }

  #onLoaded(frame: Frame): void {
    if (this.#metadata !== undefined) {
      this.#breakOff('duplicate LOADED frame');
      return;
    }
    this.#metadata = this.#decode(() => readMetadata(metaText(frame)));
    if (this.#metadata !== undefined) this.#observer.loaded(this.#metadata);
  }

  #onCredit(batches: number): void {
    this.#credits += batches;
    if (this.#metadata === undefined) this.#breakOff('credits were sent before the model was loaded');
    else if (this.#credits > MOST_CREDITS)
      this.#breakOff(`${this.#credits} credits exceed the limit of ${MOST_CREDITS}`);
    else this.#observer.credited(batches);
  }

  /** Returns undefined and ends the replica when the body of a frame is malformed. */
  #decode<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (caught) {
      this.#breakOff(`malformed frame: ${messageOf(caught)}`);
      return undefined;
    }
  }

  #breakOff(detail: string): void {
    this.#detail = `protocol violation: ${detail}`;
    this.kill('protocol');
  }

  /** The replica is over only when the process has ended and its pipes have been read to the end. */
  #finish(): void {
    if (this.#end === undefined || this.#openPipes > 0 || this.#isOver) return;
    this.#isOver = true;
    const exit = replicaExit(this.#end, {
      killedFor: this.#killedFor,
      batch: this.#batches.running,
      ownEnd: this.#ownEnd,
      hasLoaded: this.#metadata !== undefined,
      detail: this.#detail,
    });
    this.#calls.end();
    this.#observer.exited(exit);
    this.#batches.lose(exit);
  }

  #send(kind: Kind, batch: number, member: number): void {
    this.#data.send(this.#header(kind, batch, member), NO_BYTES, []);
  }

  #header(kind: Kind, batch: number, member: number) {
    return { kind, flags: 0, slot: 0, incarnation: this.incarnation, batch, member };
  }
}

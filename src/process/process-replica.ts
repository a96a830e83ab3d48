import { messageOf, refuse } from '../base/errors.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { exitText } from '../replica/exit.ts';
import type { Replica, ReplicaId, ReplicaObserver } from '../replica/replica.ts';
import { segmentsOf } from '../tensor/segments.ts';
import type { Batch, Member } from '../work/batch.ts';
import type { LossCause, Outcome, OutcomeSink } from '../work/outcome.ts';
import { decodeAnswer, decodeAnswers, decodeEnd, encodeRun } from './batch-frames.ts';
import { Channel } from './channel.ts';
import type { ChildHandle, ProcessEnd } from './child-handle.ts';
import type { LoadOrder } from './compute-messages.ts';
import { readBeat, readMetadata, readOwnEnd } from './frame-checks.ts';
import type { KeptModel } from './kept-model.ts';
import { standsStill } from './own-end.ts';
import { replicaExit, type ToldEnd } from './replica-exit.ts';
import { ALL_MEMBERS, FLAG, type Frame, KIND, type Kind } from './wire.ts';

interface RunningBatch {
  readonly sink: OutcomeSink;
  readonly members: readonly Member[];
}

/** More batches inside one replica than this are of use to no one. */
const MOST_CREDITS = 64;

/** What a replica is to load, and what was kept of it for the case that its file was replaced. */
export interface LoadParts {
  readonly order: LoadOrder;
  readonly kept?: KeptModel | undefined;
}

/** A replica process as its gateway sees it: batches become frames, frames become outcomes. */
export class ProcessReplica implements Replica {
  readonly id: ReplicaId;
  readonly incarnation: number;
  readonly #child: ChildHandle;
  readonly #data: Channel;
  readonly #observer: ReplicaObserver;
  readonly #running = new Map<number, RunningBatch>();
  #metadata: ModelMetadata | undefined;
  #credits = 0;
  #detail = '';
  /** Why we end it ourselves; told as the cause instead of the bare signal. */
  #killedFor: LossCause | undefined;
  #end: ProcessEnd | undefined;
  /** What it said before code of its own ended it, and in the course of which batch. */
  #ownEnd: ToldEnd | undefined;
  #openPipes = 2;
  #isOver = false;

  constructor(
    id: ReplicaId,
    incarnation: number,
    child: ChildHandle,
    { order, kept }: LoadParts,
    observer: ReplicaObserver,
  ) {
    this.id = id;
    this.incarnation = incarnation;
    this.#child = child;
    this.#observer = observer;
    const broken = (detail: string) => this.#breakOff(detail);
    const closed = () => {
      this.#openPipes -= 1;
      this.#finish();
    };
    this.#data = new Channel(child.data, {
      frame: (frame) => this.#onFrame(frame),
      broken,
      closed,
    });
    new Channel(child.control, { frame: (frame) => this.#onControl(frame), broken, closed });
    child.whenEnded((end) => {
      this.#end ??= end;
      this.#finish();
    });
    const keptFiles = kept && { artefact: kept.artefact, files: kept.files };
    const text = JSON.stringify({ ...order, ...(keptFiles && { kept: keptFiles }) });
    this.#data.send(this.#header(KIND.LOAD, 0, 0), Buffer.from(text), kept ? [segmentsOf(kept.bytes)] : []);
  }

  start(batch: Batch, sink: OutcomeSink): void {
    this.#running.set(batch.id, { sink, members: batch.members });
    const { meta, payloads } = encodeRun(batch);
    const { isMeasured = false, isRowwise = false } = batch;
    const flags = (isMeasured ? FLAG.MEASURE : 0) | (isRowwise ? FLAG.ROWWISE : 0);
    this.#data.send({ ...this.#header(KIND.RUN, batch.id, 0), flags }, meta, payloads);
  }

  cancel(batch: Batch, member: number): void {
    if (this.#running.has(batch.id)) this.#send(KIND.CANCEL, batch.id, member);
  }

  drain(): void {
    this.#send(KIND.UNLOAD, 0, 0);
  }

  kill(cause: LossCause): void {
    this.#killedFor ??= cause;
    this.#child.kill();
  }

  #onControl(frame: Frame): void {
    if (frame.incarnation !== this.incarnation || this.#isOver) return;
    if (frame.kind === KIND.BEAT) {
      const beat = this.#decode(() => readBeat(textOf(frame)));
      if (beat !== undefined) this.#observer.beat(beat);
    } else if (frame.kind === KIND.OWN_END) {
      const end = this.#decode(() => readOwnEnd(textOf(frame)));
      if (end === undefined) return;
      this.#ownEnd ??= { batch: frame.batch, end };
      // It can neither run on nor end by itself.
      if (standsStill(end)) this.#child.kill();
    } else {
      this.#breakOff(`a frame of kind ${frame.kind}, which does not belong on its control pipe`);
    }
  }

  #onFrame(frame: Frame): void {
    // Bytes written before the process was ended may still arrive; nobody waits for them.
    if (frame.incarnation !== this.incarnation || this.#isOver) return;
    switch (frame.kind) {
      case KIND.LOADED:
        this.#onLoaded(frame);
        break;
      case KIND.LOAD_FAILED:
        this.#observer.loadFailed(textOf(frame));
        break;
      case KIND.CREDIT:
        this.#onCredit(frame.batch);
        break;
      case KIND.ANSWER:
      case KIND.REFUSED:
        this.#onPart(frame);
        break;
      case KIND.END:
        this.#onEnd(frame);
        break;
      default:
        this.#breakOff(`a frame of kind ${frame.kind}, which a replica does not send`);
    }
  }

  #onLoaded(frame: Frame): void {
    if (this.#metadata !== undefined) {
      this.#breakOff('a second word on what it has loaded');
      return;
    }
    this.#metadata = this.#decode(() => readMetadata(textOf(frame)));
    if (this.#metadata !== undefined) this.#observer.loaded(this.#metadata);
  }

  #onCredit(batches: number): void {
    this.#credits += batches;
    if (this.#metadata === undefined) this.#breakOff('credits before it has loaded anything');
    else if (this.#credits > MOST_CREDITS)
      this.#breakOff(`${this.#credits} credits, more than ${MOST_CREDITS}`);
    else this.#observer.credited(batches);
  }

  #onPart(frame: Frame): void {
    const running = this.#running.get(frame.batch);
    if (running === undefined) return;
    const { kind, member, meta, payload } = frame;
    const { sink, members } = running;
    if (member === ALL_MEMBERS && kind === KIND.ANSWER) {
      const answers = this.#decode(() =>
        decodeAnswers(meta, payload, this.#metadata?.outputs ?? [], members),
      );
      for (const [index, outputs] of answers?.entries() ?? []) sink.part(index, { outputs });
    } else if (member >= members.length) {
      this.#breakOff(`an answer for member ${member} of a batch of ${members.length}`);
    } else if (kind === KIND.REFUSED) {
      sink.part(member, refuse(reasonOf(frame.flags), textOf(frame)));
    } else {
      const outputs = this.#decode(() => decodeAnswer(meta, payload, this.#metadata?.outputs ?? []));
      if (outputs !== undefined) sink.part(member, { outputs });
    }
  }

  #onEnd(frame: Frame): void {
    const running = this.#running.get(frame.batch);
    if (running === undefined) return;
    const hasThrown = (frame.flags & FLAG.THREW) !== 0;
    const outcome: Outcome | undefined = hasThrown
      ? { kind: 'threw', message: textOf(frame) }
      : this.#decode(() => decodeEnd(frame));
    if (outcome === undefined) return;
    this.#running.delete(frame.batch);
    running.sink.end(outcome);
  }

  /** A body that does not add up is as bad as bytes that are no frame: undefined, and the replica is ended. */
  #decode<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (caught) {
      this.#breakOff(`a frame that does not add up: ${messageOf(caught)}`);
      return undefined;
    }
  }

  #breakOff(detail: string): void {
    this.#detail = `it broke the protocol with ${detail}`;
    this.kill('protocol');
  }

  /** Over is over only when the process has ended and its last bytes have been read. */
  #finish(): void {
    if (this.#end === undefined || this.#openPipes > 0 || this.#isOver) return;
    this.#isOver = true;
    const exit = replicaExit(this.#end, {
      killedFor: this.#killedFor,
      // Batches run in the order in which they came: the first one was running.
      batch: this.#running.keys().next().value,
      ownEnd: this.#ownEnd,
      hasLoaded: this.#metadata !== undefined,
      detail: this.#detail,
    });
    const { cause } = exit;
    this.#observer.exited(exit);
    const lost = [...this.#running.values()];
    this.#running.clear();
    for (const [index, { sink }] of lost.entries()) {
      sink.end({ kind: 'lost', cause, wasRunning: index === 0, detail: exitText(exit) });
    }
  }

  #send(kind: Kind, batch: number, member: number, meta: Uint8Array = new Uint8Array(0)): void {
    this.#data.send(this.#header(kind, batch, member), meta, []);
  }

  #header(kind: Kind, batch: number, member: number) {
    return { kind, flags: 0, slot: 0, incarnation: this.incarnation, batch, member };
  }
}

/** Whose fault it is that a member has no answer. */
function reasonOf(flags: number): 'MODEL_ERROR' | 'INVALID_INPUT' | 'BAD_OUTPUT' {
  if ((flags & FLAG.BY_MODEL) !== 0) return 'MODEL_ERROR';
  return (flags & FLAG.BY_INPUT) !== 0 ? 'INVALID_INPUT' : 'BAD_OUTPUT';
}

function textOf({ meta }: Frame): string {
  return meta.toString('utf8');
}

import { messageOf, refuse } from '../base/errors.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { causeOf, exitText } from '../replica/exit.ts';
import type { Beat, Replica, ReplicaId, ReplicaObserver } from '../replica/replica.ts';
import { segmentsOf } from '../tensor/segments.ts';
import type { Batch, Member } from '../work/batch.ts';
import type { LossCause, Outcome, OutcomeSink } from '../work/outcome.ts';
import { decodeAnswer, decodeAnswers, decodeEnd, encodeRun } from './batch-frames.ts';
import { Channel } from './channel.ts';
import type { ChildHandle, ProcessEnd } from './child-handle.ts';
import type { LoadOrder } from './compute-messages.ts';
import type { KeptModel } from './kept-model.ts';
import { ALL_MEMBERS, FLAG, type Frame, KIND, type Kind } from './wire.ts';

interface RunningBatch {
  readonly sink: OutcomeSink;
  readonly members: readonly Member[];
}

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
  readonly #control: Channel;
  readonly #observer: ReplicaObserver;
  readonly #running = new Map<number, RunningBatch>();
  #metadata: ModelMetadata | undefined;
  #detail = '';
  /** Why we end it ourselves; told as the cause instead of the bare signal. */
  #killedFor: LossCause | undefined;
  #end: ProcessEnd | undefined;
  #isDrained = false;
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
    this.#data = new Channel(child.data, {
      frame: (frame) => this.#onFrame(frame),
      broken,
      closed: () => {
        this.#isDrained = true;
        this.#finish();
      },
    });
    this.#control = new Channel(child.control, {
      frame: (frame) => {
        const beat = this.#decode(() => JSON.parse(textOf(frame)) as Beat);
        if (beat !== undefined) observer.beat(beat);
      },
      broken,
      closed() {},
    });
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

  #onFrame(frame: Frame): void {
    // Bytes written before the process was ended may still arrive; nobody waits for them.
    if (frame.incarnation !== this.incarnation || this.#isOver) return;
    switch (frame.kind) {
      case KIND.LOADED:
        this.#metadata = this.#decode(() => JSON.parse(textOf(frame)) as ModelMetadata);
        if (this.#metadata !== undefined) this.#observer.loaded(this.#metadata);
        break;
      case KIND.LOAD_FAILED:
        this.#observer.loadFailed(textOf(frame));
        break;
      case KIND.CREDIT:
        this.#observer.credited(frame.batch);
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
    if (this.#end === undefined || !this.#isDrained || this.#isOver) return;
    this.#isOver = true;
    this.#control.destroy();
    const { code, signal, wasOutOfMemory, problem } = this.#end;
    const cause = this.#killedFor ?? causeOf(code, signal, wasOutOfMemory);
    const exit = { code, signal, cause, detail: this.#detail || problem };
    this.#observer.exited(exit);
    const lost = [...this.#running.values()];
    this.#running.clear();
    // Batches run in the order in which they came: the first one was running.
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

import { type Clock, RANK, type Timer } from '../../base/clock.ts';
import type { ChildHandle, ProcessEnd } from '../../process/gateway-side/child-handle.ts';
import { decodeRun } from '../../process/wire/batch-frames.ts';
import { FrameEncoder } from '../../process/wire/frame-encoder.ts';
import { FrameReader } from '../../process/wire/frame-reader.ts';
import type { OwnEnd } from '../../process/wire/own-end.ts';
import { FLAG, type Frame, type FrameHeader, KIND, type Kind } from '../../process/wire/wire.ts';
import type { Replica } from '../../replica/replica.ts';
import { simulatedAnswer } from './simulated-answer.ts';
import type { SimulatedBatch, SimulatedBehaviour, SimulatedResult } from './simulated-behaviour.ts';
import { SimulatedPipe } from './simulated-pipe.ts';

/** Which process of which slot. */
type Incarnation = Pick<Replica, 'id' | 'incarnation'>;

interface Held {
  readonly id: number;
  readonly batch: SimulatedBatch;
}

/**
 * A replica's process without a process: reads frames, waits for the service time, and writes frames or a planned
 * fault.
 */
export class SimulatedChild implements ChildHandle {
  readonly data: SimulatedPipe;
  readonly control = new SimulatedPipe(() => {});
  readonly direct: SimulatedPipe;
  readonly #identity: Incarnation;
  readonly #clock: Clock;
  readonly #behaviour: SimulatedBehaviour;
  readonly #held: Held[] = [];
  #ended: ((end: ProcessEnd) => void) | undefined;
  #alarm: Timer | undefined;
  #heartbeats: Timer | undefined;
  #batches = 0;
  #isDraining = false;
  #isOver = false;
  #isStopped = false;

  constructor(identity: Incarnation, clock: Clock, behaviour: SimulatedBehaviour) {
    this.#identity = identity;
    this.#clock = clock;
    this.#behaviour = behaviour;
    this.data = this.#pipe();
    this.direct = this.#pipe();
  }

  get isAlive(): boolean {
    return !this.#isOver;
  }

  kill(): void {
    this.end(null, 'SIGKILL');
  }

  whenEnded(ended: (end: ProcessEnd) => void): void {
    this.#ended = ended;
  }

  /** Ends the process. The gateway is notified within the same instant, but not before this returns. */
  end(code: number | null, signal: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alarm?.cancel();
    this.#heartbeats?.cancel();
    this.#soon(() => {
      this.data.close();
      this.control.close();
      this.direct.close();
      this.#ended?.({
        code,
        signal,
        wasOutOfMemory: false,
        problem: code === null && signal === null ? 'EAGAIN' : '',
      });
    });
  }

  /** Stops everything, including heartbeats, without ending the process. */
  freeze(): void {
    this.#isStopped = true;
    this.#alarm?.cancel();
    this.#heartbeats?.cancel();
  }

  #pipe(): SimulatedPipe {
    const reader = new FrameReader();
    return new SimulatedPipe((chunk) => reader.push(chunk, (frame) => this.#onFrame(frame)));
  }

  #onFrame(frame: Frame): void {
    if (this.#isOver || this.#isStopped) return;
    switch (frame.kind) {
      case KIND.LOAD:
        this.#load();
        break;
      case KIND.RUN:
        if ((frame.flags & FLAG.BY_REFERENCE) !== 0) break;
        this.#held.push({ id: frame.batch, batch: this.#read(frame) });
        if (this.#held.length === 1) this.#runFirst();
        break;
      case KIND.UNLOAD:
        this.#isDraining = true;
        if (this.#held.length === 0) this.end(0, null);
        break;
      default:
        break;
    }
  }

  #load(): void {
    const load = this.#behaviour.load(this.#identity.id, this.#identity.incarnation);
    this.#heartbeatLater();
    switch (load.kind) {
      case 'hang':
        return;
      case 'not started':
        this.end(null, null);
        return;
      case 'die':
        this.#after(load.afterMs, () => this.end(1, null));
        return;
      case 'failed':
        this.#after(load.afterMs, () => this.#send(KIND.LOAD_FAILED, Buffer.from(load.message)));
        return;
      case 'loaded':
        this.#after(load.afterMs, () => {
          this.#send(KIND.LOADED, Buffer.from(JSON.stringify(this.#behaviour.metadata)));
          this.#send(KIND.CREDIT, Buffer.alloc(0), this.#behaviour.credits);
          this.#heartbeat();
        });
    }
  }

  #read(frame: Frame): SimulatedBatch {
    const { memberRows, inputs } = decodeRun(frame.meta, frame.payload, this.#behaviour.metadata.inputs);
    const rows = memberRows.reduce((sum, count) => sum + count, 0);
    const { id: replica, incarnation } = this.#identity;
    return { replica, incarnation, rows, memberRows, inputs };
  }

  #runFirst(): void {
    const [first] = this.#held;
    if (first === undefined) return;
    const computeMs = this.#behaviour.serviceMs(first.batch);
    const result = this.#behaviour.result(first.batch);
    if (result.kind === 'hang') return;
    this.#after(computeMs, () => this.#finish(first, result, computeMs));
  }

  #finish({ id, batch }: Held, result: SimulatedResult, computeMs: number): void {
    if (result.kind === 'die') {
      if (result.isTold === true) this.#tellOwnEnd(id, { text: 'it ended itself' });
      this.end(result.code, result.signal);
      return;
    }
    if (result.kind === 'stop') {
      this.freeze();
      this.#tellOwnEnd(id, { text: 'it stopped itself', signal: 'SIGSTOP' });
      return;
    }
    if (result.kind === 'late error') {
      this.#soonAfter(result.afterMs, () => {
        if (this.#isOver || this.#isStopped) return;
        this.#tellOwnEnd(id, { text: 'uncaught error', stack: 'Error: late' });
        this.end(1, null);
      });
    }
    if (result.kind === 'garbage') {
      this.direct.deliver(Buffer.from('a misdirected log line, long enough to be a header'));
      return;
    }
    const names = this.#behaviour.metadata.outputs.map(({ name }) => name);
    const bytes = Buffer.concat(
      simulatedAnswer({ ...this.#header(KIND.END), batch: id }, batch, { result, computeMs, names }),
    );
    if (result.kind === 'torn') {
      this.direct.deliver(bytes.subarray(0, Math.floor(bytes.byteLength * result.share)));
      this.end(null, 'SIGSEGV');
      return;
    }
    this.#held.shift();
    this.#batches += 1;
    this.#runFirst();
    this.direct.deliver(bytes);
    if (result.kind === 'echo twice') this.direct.deliver(bytes);
    if (this.#isDraining && this.#held.length === 0) this.end(0, null);
  }

  #heartbeatLater(): void {
    this.#heartbeats = this.#clock.at(
      this.#clock.now() + this.#behaviour.heartbeatPeriodMs,
      () => {
        this.#heartbeat();
        this.#heartbeatLater();
      },
      RANK.completion,
    );
  }

  #heartbeat(): void {
    const rssBytes = this.#behaviour.rssBytes(this.#identity.id, this.#batches);
    const heartbeat = { rssBytes, cpuMs: 0, batches: this.#batches };
    const encoder = new FrameEncoder();
    encoder.add(this.#header(KIND.HEARTBEAT), Buffer.from(JSON.stringify(heartbeat)), []);
    this.control.deliver(Buffer.concat(encoder.finish()));
  }

  #send(kind: Kind, meta: Uint8Array, batch = 0): void {
    const encoder = new FrameEncoder();
    encoder.add({ ...this.#header(kind), batch }, meta, []);
    this.data.deliver(Buffer.concat(encoder.finish()));
  }

  #header(kind: Kind): FrameHeader {
    return { kind, flags: 0, slot: 0, incarnation: this.#identity.incarnation, batch: 0, member: 0 };
  }

  #after(ms: number, wake: () => void): void {
    this.#alarm = this.#clock.at(this.#clock.now() + ms, wake, RANK.completion);
  }

  #soon(wake: () => void): void {
    this.#soonAfter(0, wake);
  }

  #soonAfter(ms: number, wake: () => void): void {
    this.#clock.at(this.#clock.now() + ms, wake, RANK.completion);
  }

  #tellOwnEnd(batch: number, end: OwnEnd): void {
    const encoder = new FrameEncoder();
    encoder.add({ ...this.#header(KIND.OWN_END), batch }, Buffer.from(JSON.stringify(end)), []);
    this.control.deliver(Buffer.concat(encoder.finish()));
  }
}

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { cutText } from '../../base/cut-text.ts';
import { messageOf } from '../../base/errors.ts';
import type { Runtime } from '../../runtime/contract/runtime.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { decodeRun, encodeEnd, type RunBody } from '../wire/batch-frames.ts';
import {
  EXPECT_ONNX,
  type FromCompute,
  type LoadOrder,
  type RunOrder,
  SHARED,
  type ToCompute,
} from '../wire/compute-messages.ts';
import { DIRECT_FD, DIRECT_UP_TO_BYTES, usesDirectPipe } from '../wire/direct-pipe.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import { FLAG, type FrameHeader, KIND } from '../wire/wire.ts';
import { type BatchResult, BatchRun } from './batch-run.ts';
import { ComputeEnd } from './compute-end.ts';
import { isReplaced, loadFile, loadKept } from './compute-load.ts';
import { DirectOrders } from './direct-orders.ts';
import { writeDirectly } from './direct-reader.ts';
import { ModelCalls } from './model-calls.ts';
import { PartsRun } from './parts-run.ts';

/** The compute thread of a replica: loads the model and runs batches one after the other. */
class Compute {
  readonly #order: LoadOrder;
  readonly #runtime: Runtime;
  readonly #batches: BatchRun;
  readonly #calls: ModelCalls;
  readonly #waiting: RunOrder[] = [];
  readonly #cancelled = new Map<number, Set<number>>();
  /** Set where the thread reads its batches itself. */
  readonly #direct: DirectOrders | undefined;
  /** The batch that runs, or ran last. */
  #batch = 0;
  /** Set while it is answered in parts. */
  #parts: PartsRun | undefined;
  #isRunning = false;
  #isUnloading = false;

  constructor(order: LoadOrder, runtime: Runtime, calls: ModelCalls) {
    this.#order = order;
    this.#runtime = runtime;
    this.#calls = calls;
    this.#batches = new BatchRun(order, runtime, calls);
    if (usesDirectPipe(order)) {
      this.#direct = new DirectOrders(parentPort as MessagePort, shared, (message) => this.#cancel(message));
    }
  }

  get isDirect(): boolean {
    return this.#direct !== undefined;
  }

  /** Runs the batches that the thread reads itself, until the gateway unloads the model or is gone. */
  async serve(): Promise<void> {
    for (let next = this.#direct?.next(); next !== undefined; next = this.#direct?.next()) {
      if (next === 'unload') {
        await this.#unload();
        return;
      }
      await this.#run(next);
    }
  }

  receive(message: Exclude<ToCompute, { readonly kind: 'load' }>): void {
    if (this.#direct !== undefined) {
      this.#direct.receive(message);
    } else if (message.kind === 'run') {
      this.#waiting.push(message);
      if (!this.#isRunning) void this.#runAll();
    } else if (message.kind === 'cancel') {
      this.#cancel(message);
    } else if (message.kind === 'next') {
      if (message.batch === this.#batch) this.#parts?.next(message.member);
    } else if (message.kind === 'reply') {
      this.#calls.replied(message);
    } else {
      this.#isUnloading = true;
      if (!this.#isRunning) void this.#unload();
    }
  }

  /** Of batches that run, only one that is answered in parts can still be reduced. */
  #cancel({ batch, member }: Extract<ToCompute, { readonly kind: 'cancel' }>): void {
    // The ids of batches grow, and wrap only after four billion.
    if (batch === this.#batch) this.#parts?.leave(member);
    if (batch <= this.#batch) return;
    const members = this.#cancelled.get(batch) ?? new Set();
    this.#cancelled.set(batch, members.add(member));
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true;
    for (let order = this.#waiting.shift(); order !== undefined; order = this.#waiting.shift()) {
      await this.#run(order);
    }
    this.#isRunning = false;
    if (this.#isUnloading) await this.#unload();
  }

  async #run(order: RunOrder): Promise<void> {
    this.#batch = order.batch;
    const encoder = new FrameEncoder();
    const header = { flags: 0, slot: 0, incarnation: order.incarnation, batch: order.batch, member: 0 };
    try {
      const body = decodeRun(
        Buffer.from(order.meta),
        segmentsOf(order.payload),
        this.#runtime.metadata.inputs,
      );
      const cancelled = this.#cancelled.get(order.batch);
      this.#cancelled.delete(order.batch);
      // A batch whose callers have all gone is not run.
      const isWanted = cancelled === undefined || cancelled.size < body.memberRows.length;
      const isMeasured = (order.flags & FLAG.MEASURE) !== 0;
      const beforeBytes = isMeasured ? process.memoryUsage.rss() : 0;
      const { computeMs, areFinite } = isWanted
        ? await this.#during(order.batch, async () => {
            if ((order.flags & FLAG.CHECK) !== 0) await this.#checkHealth();
            if ((order.flags & FLAG.IN_PARTS) !== 0) return this.#runInParts(body, header, cancelled);
            return this.#batches.run(body, order.flags, { encoder, header });
          })
        : { computeMs: 0, areFinite: true };
      const memory = isMeasured ? { beforeBytes, afterBytes: process.memoryUsage.rss() } : undefined;
      const flags = areFinite ? 0 : FLAG.NOT_FINITE;
      encoder.add(
        { ...header, kind: KIND.END, flags },
        encodeEnd({ computeMs, ...(memory && { memory }) }),
        [],
      );
    } catch (caught) {
      encoder.finish();
      const text = cutText(messageOf(caught), this.#order.maxErrorCharacters);
      encoder.add({ ...header, kind: KIND.END, flags: FLAG.THREW }, Buffer.from(text), []);
    }
    this.#calls.ended(order.batch);
    const pieces = encoder.finish();
    Atomics.add(shared, SHARED.batches, 1);
    if (this.isDirect && bytesIn(pieces) <= DIRECT_UP_TO_BYTES) writeDirectly(DIRECT_FD, pieces);
    else send({ kind: 'frames', pieces });
  }

  async #runInParts(
    body: RunBody,
    header: Omit<FrameHeader, 'kind'>,
    gone: ReadonlySet<number> = new Set(),
  ): Promise<BatchResult> {
    const startedAt = performance.now();
    this.#parts = new PartsRun(this.#order, this.#runtime, {
      send: (pieces) => send({ kind: 'frames', pieces }),
      calls: this.#calls,
    });
    await this.#parts.run(body, header, gone);
    this.#parts = undefined;
    return { computeMs: performance.now() - startedAt, areFinite: true };
  }

  async #checkHealth(): Promise<void> {
    const problem = await this.#runtime.whyUnhealthy?.();
    if (problem !== undefined) throw new Error(problem);
  }

  /** Only a module's own code can leave timers or promises behind. */
  async #during<T>(batch: number, run: () => Promise<T>): Promise<T> {
    return this.#order.runtime === 'module' ? ends.during(batch, run) : run();
  }

  async #unload(): Promise<void> {
    ends.leave();
    await this.#runtime.unload();
    send({ kind: 'unloaded' });
  }
}

/** A small frame goes to the gateway without a detour through the main thread. */
function write(pieces: Uint8Array[]): void {
  if (bytesIn(pieces) <= DIRECT_UP_TO_BYTES) writeDirectly(DIRECT_FD, pieces);
  else send({ kind: 'frames', pieces });
}

function bytesIn(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const { byteLength } of pieces) bytes += byteLength;
  return bytes;
}

/** Transfers memory instead of copying it, for pieces that own their whole buffer. */
function send(message: FromCompute): void {
  if (message.kind !== 'frames') {
    parentPort?.postMessage(message);
    return;
  }
  const owned = message.pieces
    .filter((piece) => piece.byteLength === piece.buffer.byteLength)
    .map((piece) => piece.buffer as ArrayBuffer);
  parentPort?.postMessage(message, [...new Set(owned)]);
}

/** See `SHARED`. */
const shared = workerData as Int32Array;
const ends = new ComputeEnd();
ends.watch();
let compute: Compute | undefined;

// A failure here occurs again, and is reported, when a model is loaded.
if (process.argv.includes(EXPECT_ONNX)) void import('../../runtime/onnx/onnx-runtime.ts').catch(() => {});

parentPort?.on('message', (message: ToCompute) => {
  if (message.kind === 'load') void load(message);
  else if (compute !== undefined) compute.receive(message);
  // Asked to exit before a model is loaded.
  else if (message.kind === 'unload') send({ kind: 'unloaded' });
});

async function load({ order, keptBytes, incarnation }: Extract<ToCompute, { kind: 'load' }>): Promise<void> {
  ends.loaded(incarnation);
  try {
    const kept =
      order.kept !== undefined && isReplaced(order) ? { ...order.kept, bytes: keptBytes } : undefined;
    const { runtime, artefact } = kept === undefined ? await loadFile(order) : await loadKept(order, kept);
    const calls = new ModelCalls(incarnation, write);
    compute = new Compute(order, runtime, calls);
    const isRestored = kept === undefined ? {} : { isRestored: true as const };
    send({
      kind: 'loaded',
      isDirect: compute.isDirect,
      metadata: { ...runtime.metadata, artefact, ...isRestored },
    });
  } catch (caught) {
    send({ kind: 'load failed', message: cutText(messageOf(caught), order.maxErrorCharacters) });
    return;
  }
  await compute.serve();
}

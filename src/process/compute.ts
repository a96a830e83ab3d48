import { parentPort } from 'node:worker_threads';
import { messageOf } from '../base/errors.ts';
import { hasBatchAxis } from '../model/model-metadata.ts';
import { loadRuntime, type Runtime } from '../runtime/runtime.ts';
import { hasForbiddenFloat } from '../tensor/finite.ts';
import { splitRows } from '../tensor/rows.ts';
import { segmentsOf } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { decodeRun, encodeAnswer, type RunBody } from './batch-frames.ts';
import {
  EXPECT_ONNX,
  type FromCompute,
  type LoadOrder,
  type RunOrder,
  type ToCompute,
} from './compute-messages.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND } from './wire.ts';

/** The replica's second thread: it loads the model and runs batches, one after the other. */
class Compute {
  readonly #order: LoadOrder;
  readonly #runtime: Runtime;
  readonly #hasBatchAxis: boolean;
  readonly #waiting: RunOrder[] = [];
  readonly #cancelled = new Map<number, Set<number>>();
  #isRunning = false;
  #isUnloading = false;

  constructor(order: LoadOrder, runtime: Runtime) {
    this.#order = order;
    this.#runtime = runtime;
    this.#hasBatchAxis = order.batchAxis !== 'none' && hasBatchAxis(runtime.metadata);
  }

  receive(message: Exclude<ToCompute, { readonly kind: 'load' }>): void {
    if (message.kind === 'run') {
      this.#waiting.push(message);
      if (!this.#isRunning) void this.#runAll();
    } else if (message.kind === 'cancel') {
      // Only a batch that still waits can be made smaller.
      if (!this.#waiting.some(({ batch }) => batch === message.batch)) return;
      const members = this.#cancelled.get(message.batch) ?? new Set();
      this.#cancelled.set(message.batch, members.add(message.member));
    } else {
      this.#isUnloading = true;
      if (!this.#isRunning) void this.#unload();
    }
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
      // Nobody is left to want it.
      const isWanted = cancelled === undefined || cancelled.size < body.memberRows.length;
      const computeMs = isWanted ? await this.#answer(body, encoder, header) : 0;
      const meta = Buffer.alloc(8);
      meta.writeDoubleLE(computeMs, 0);
      encoder.add({ ...header, kind: KIND.END }, meta, []);
    } catch (caught) {
      encoder.finish();
      encoder.add({ ...header, kind: KIND.END, flags: FLAG.THREW }, Buffer.from(messageOf(caught)), []);
    }
    send({ kind: 'frames', pieces: encoder.finish(), isBatchEnd: true });
  }

  async #answer(body: RunBody, encoder: FrameEncoder, header: Omit<FrameHeader, 'kind'>): Promise<number> {
    const rows = body.memberRows.reduce((sum, count) => sum + count, 0);
    const startedAt = performance.now();
    const refused = new Map<number, string>();
    const outputs = await this.#runtime.run(body.inputs, {
      rows,
      parameters: body.parameters,
      refuseRow: (row, message) => refused.set(row, message),
    });
    const computeMs = performance.now() - startedAt;
    if (this.#hasBatchAxis) checkRows(outputs, rows);
    if (refused.size === 0 && this.#canAnswerTogether(outputs)) {
      const { meta, payloads } = encodeAnswer(outputs);
      encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST, member: ALL_MEMBERS }, meta, payloads);
      return computeMs;
    }
    const byOutput = outputs.map((output) =>
      this.#hasBatchAxis ? splitRows(output, body.memberRows) : [output],
    );
    let firstRow = 0;
    body.memberRows.forEach((count, member) => {
      const own = byOutput.map((parts) => parts[member] as Tensor);
      const refusedRow = rangeFrom(firstRow, count).find((row) => refused.has(row));
      firstRow += count;
      if (refusedRow !== undefined) {
        const text = `the model refused row ${refusedRow - firstRow + count}: ${refused.get(refusedRow)}`;
        const flags = FLAG.BY_MODEL;
        encoder.add({ ...header, kind: KIND.REFUSED, flags, member }, Buffer.from(text), []);
        return;
      }
      const bad = this.#forbiddenOutput(own);
      if (bad !== undefined) {
        const text = `output '${bad.name}' holds a number that is not finite (outputs.finite: ${this.#order.finite})`;
        encoder.add({ ...header, kind: KIND.REFUSED, member }, Buffer.from(text), []);
      } else {
        const { meta, payloads } = encodeAnswer(own);
        encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST, member }, meta, payloads);
      }
    });
    return computeMs;
  }

  /** Rows can be dealt out by arithmetic where none must be held back and no element is longer than another. */
  #canAnswerTogether(outputs: readonly Tensor[]): boolean {
    return (
      this.#forbiddenOutput(outputs) === undefined && outputs.every(({ datatype }) => datatype !== 'BYTES')
    );
  }

  #forbiddenOutput(outputs: readonly Tensor[]): Tensor | undefined {
    const { finite } = this.#order;
    return finite === 'off' ? undefined : outputs.find((output) => hasForbiddenFloat(output, finite));
  }

  async #unload(): Promise<void> {
    await this.#runtime.unload();
    send({ kind: 'unloaded' });
  }
}

function rangeFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function checkRows(outputs: readonly Tensor[], rows: number): void {
  const wrong = outputs.find(({ shape }) => shape[0] !== rows);
  if (wrong === undefined) return;
  throw new RangeError(`output '${wrong.name}' has ${wrong.shape[0] ?? 'no'} rows where ${rows} went in`);
}

/** Memory goes along where it can: only pieces that own all of theirs may leave this thread. */
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

let compute: Compute | undefined;

// A failure here is met again, and told, when a model is loaded.
if (process.argv.includes(EXPECT_ONNX)) void import('../runtime/onnx-runtime.ts').catch(() => {});

parentPort?.on('message', (message: ToCompute) => {
  if (message.kind === 'load') void load(message.order);
  else if (compute !== undefined) compute.receive(message);
  // Asked to leave before anything is loaded: there is nothing to wait for.
  else if (message.kind === 'unload') send({ kind: 'unloaded' });
});

async function load(order: LoadOrder): Promise<void> {
  try {
    const runtime = await loadRuntime(order);
    compute = new Compute(order, runtime);
    send({ kind: 'loaded', metadata: runtime.metadata });
  } catch (caught) {
    send({ kind: 'load failed', message: messageOf(caught) });
  }
}

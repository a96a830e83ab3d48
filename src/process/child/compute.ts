import { parentPort } from 'node:worker_threads';
import { cutText } from '../../base/cut-text.ts';
import { messageOf } from '../../base/errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { hasForbiddenFloat, mayHoldNonFinite } from '../../tensor/finite.ts';
import { splitRows } from '../../tensor/rows.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { dataBytes, type Tensor } from '../../tensor/tensor.ts';
import { decodeRun, encodeAnswer, encodeEnd, type RunBody } from '../wire/batch-frames.ts';
import {
  EXPECT_ONNX,
  type FromCompute,
  type LoadOrder,
  type RunOrder,
  type ToCompute,
} from '../wire/compute-messages.ts';
import { FrameEncoder } from '../wire/frame-encoder.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND } from '../wire/wire.ts';
import { ComputeEnd } from './compute-end.ts';
import { isReplaced, loadFile, loadKept } from './compute-load.ts';
import { Refusals } from './refusals.ts';

/** The compute thread of a replica: loads the model and runs batches one after the other. */
class Compute {
  readonly #order: LoadOrder;
  readonly #runtime: Runtime;
  readonly #waiting: RunOrder[] = [];
  readonly #cancelled = new Map<number, Set<number>>();
  #isRunning = false;
  #isUnloading = false;

  constructor(order: LoadOrder, runtime: Runtime) {
    this.#order = order;
    this.#runtime = runtime;
  }

  receive(message: Exclude<ToCompute, { readonly kind: 'load' }>): void {
    if (message.kind === 'run') {
      this.#waiting.push(message);
      if (!this.#isRunning) void this.#runAll();
    } else if (message.kind === 'cancel') {
      // Only a waiting batch can still be reduced.
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
      // A batch whose callers have all gone is not run.
      const isWanted = cancelled === undefined || cancelled.size < body.memberRows.length;
      const isMeasured = (order.flags & FLAG.MEASURE) !== 0;
      const beforeBytes = isMeasured ? process.memoryUsage.rss() : 0;
      const isRowwise = (order.flags & FLAG.ROWWISE) !== 0;
      const { computeMs, areFinite } = isWanted
        ? await this.#during(order.batch, async () => this.#answer(body, isRowwise, encoder, header))
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
    send({ kind: 'frames', pieces: encoder.finish(), isBatchEnd: true });
  }

  /** Only a module's own code can leave timers or promises behind. */
  async #during<T>(batch: number, run: () => Promise<T>): Promise<T> {
    return this.#order.runtime === 'module' ? ends.during(batch, run) : run();
  }

  async #answer(
    { inputs, memberRows, parameters }: RunBody,
    isRowwise: boolean,
    encoder: FrameEncoder,
    header: Omit<FrameHeader, 'kind'>,
  ): Promise<{ computeMs: number; areFinite: boolean }> {
    const rows = memberRows.reduce((sum, count) => sum + count, 0);
    const refusals = new Refusals(memberRows, this.#order.maxErrorCharacters);
    for (const [row, why] of this.#runtime.unfitRows?.(inputs, rows) ?? []) refusals.byInput(row, why);
    if (refusals.areAll) {
      refusals.write(encoder, header);
      return { computeMs: 0, areFinite: true };
    }
    const startedAt = performance.now();
    const outputs = await this.#runtime.run(inputs, {
      rows,
      parameters,
      refuseRow: (row, message) => refusals.byModel(row, message),
    });
    const computeMs = performance.now() - startedAt;
    const areFinite = !outputs.some(mayHoldNonFinite);
    // A single request gets all rows that the model returned; several requests must each get their own.
    const areShared = memberRows.length > 1;
    if (areShared || isRowwise) checkRows(outputs, rows);
    if (refusals.areNone && this.#canAnswerTogether(outputs)) {
      const { meta, payloads } = encodeAnswer(outputs);
      encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST, member: ALL_MEMBERS }, meta, payloads);
      return { computeMs, areFinite };
    }
    const byOutput = outputs.map((output) => (areShared ? splitRows(output, memberRows) : [output]));
    for (let member = 0; member < memberRows.length; member++) {
      if (refusals.has(member)) continue;
      const own = byOutput.map((parts) => parts[member] as Tensor);
      const bad = this.#forbiddenOutput(own);
      const byteLength = bytesIn(own);
      if (byteLength > this.#order.maxAnswerBytes) {
        const text = `the answer takes ${byteLength} bytes; process.maxAnswerBytes is ${this.#order.maxAnswerBytes}`;
        encoder.add({ ...header, kind: KIND.REFUSED, flags: FLAG.BY_MODEL, member }, Buffer.from(text), []);
      } else if (bad === undefined) {
        const { meta, payloads } = encodeAnswer(own);
        encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST, member }, meta, payloads);
      } else {
        const text = `output '${bad.name}' contains a number that is not finite (outputs.finite: ${this.#order.finite})`;
        encoder.add({ ...header, kind: KIND.REFUSED, member }, Buffer.from(text), []);
      }
    }
    refusals.write(encoder, header);
    return { computeMs, areFinite };
  }

  /** The gateway can split the rows itself when no member is refused and all elements have the same length. */
  #canAnswerTogether(outputs: readonly Tensor[]): boolean {
    return (
      bytesIn(outputs) <= this.#order.maxAnswerBytes &&
      this.#forbiddenOutput(outputs) === undefined &&
      outputs.every(({ datatype }) => datatype !== 'BYTES')
    );
  }

  #forbiddenOutput(outputs: readonly Tensor[]): Tensor | undefined {
    const { finite } = this.#order;
    return finite === 'off' ? undefined : outputs.find((output) => hasForbiddenFloat(output, finite));
  }

  async #unload(): Promise<void> {
    ends.leave();
    await this.#runtime.unload();
    send({ kind: 'unloaded' });
  }
}

function bytesIn(outputs: readonly Tensor[]): number {
  return dataBytes(outputs);
}

function checkRows(outputs: readonly Tensor[], rows: number): void {
  const wrong = outputs.find(({ shape }) => shape[0] !== rows);
  if (wrong === undefined) return;
  throw new RangeError(
    `output '${wrong.name}' has ${wrong.shape[0] ?? 'no'} rows, but the input has ${rows}`,
  );
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

const ends = new ComputeEnd();
ends.watch();
let compute: Compute | undefined;

// A failure here occurs again, and is reported, when a model is loaded.
if (process.argv.includes(EXPECT_ONNX)) void import('../../runtime/onnx-runtime.ts').catch(() => {});

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
    compute = new Compute(order, runtime);
    const isRestored = kept === undefined ? {} : { isRestored: true as const };
    send({ kind: 'loaded', metadata: { ...runtime.metadata, artefact, ...isRestored } });
  } catch (caught) {
    send({ kind: 'load failed', message: cutText(messageOf(caught), order.maxErrorCharacters) });
  }
}

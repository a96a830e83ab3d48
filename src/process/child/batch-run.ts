import { CallRefused } from '../../model/call-refused.ts';
import type { Runtime } from '../../runtime/contract/runtime.ts';
import { mayHoldNonFinite } from '../../tensor/finite.ts';
import { splitRows } from '../../tensor/rows.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { encodeAnswer, type RunBody } from '../wire/batch-frames.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import type { FrameEncoder } from '../wire/frame-encoder.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND } from '../wire/wire.ts';
import { whyNotSent } from './answer-limits.ts';
import type { ModelCalls } from './model-calls.ts';
import { Refusals } from './refusals.ts';

/** Where the answers of a batch are written. */
interface BatchFrames {
  readonly encoder: FrameEncoder;
  readonly header: Omit<FrameHeader, 'kind'>;
}

/** What a batch came to, beside its answers. */
export interface BatchResult {
  readonly computeMs: number;
  readonly areFinite: boolean;
}

/** Runs batches on the runtime and writes an answer or a refusal for each member. */
export class BatchRun {
  readonly #order: LoadOrder;
  readonly #runtime: Runtime;
  readonly #calls: ModelCalls;

  constructor(order: LoadOrder, runtime: Runtime, calls: ModelCalls) {
    this.#order = order;
    this.#runtime = runtime;
    this.#calls = calls;
  }

  /** `flags` are those of the RUN frame. Throws what the model throws. */
  async run(
    { inputs, memberRows, parameters }: RunBody,
    flags: number,
    { encoder, header }: BatchFrames,
  ): Promise<BatchResult> {
    const rows = memberRows.reduce((sum, count) => sum + count, 0);
    const refusals = new Refusals(memberRows, this.#order.maxErrorCharacters);
    for (const [row, why] of this.#runtime.unfitRows?.(inputs, rows) ?? []) refusals.byInput(row, why);
    if (refusals.areAll) {
      refusals.write(encoder, header);
      return { computeMs: 0, areFinite: true };
    }
    const startedAt = performance.now();
    let outputs: readonly Tensor[];
    try {
      outputs = await this.#runtime.run(inputs, {
        rows,
        parameters,
        isPractice: (flags & (FLAG.MEASURE | FLAG.CHECK)) !== 0,
        refuseInput: (row, message) => refusals.byInput(row, message),
        refuseRow: (row, message) => refusals.byModel(row, message),
        ask: async (call) => this.#calls.call(header.batch, call),
      });
    } catch (caught) {
      if (!(caught instanceof CallRefused)) throw caught;
      // Not an error of the model, which a smaller batch would not have: all requests have the same reason.
      refusals.byCall({ reason: caught.code, message: caught.message });
      refusals.write(encoder, header);
      return { computeMs: performance.now() - startedAt, areFinite: true };
    }
    const computeMs = performance.now() - startedAt;
    const areFinite = !outputs.some(mayHoldNonFinite);
    // A single request gets all rows that the model returned; several requests must each get their own.
    const areShared = memberRows.length > 1;
    if (areShared || (flags & FLAG.ROWWISE) !== 0) checkRows(outputs, rows);
    if (refusals.areNone && this.#canAnswerTogether(outputs)) {
      const { meta, payloads } = encodeAnswer(outputs);
      encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST, member: ALL_MEMBERS }, meta, payloads);
      return { computeMs, areFinite };
    }
    const byOutput = outputs.map((output) => (areShared ? splitRows(output, memberRows) : [output]));
    for (let member = 0; member < memberRows.length; member++) {
      if (refusals.has(member)) continue;
      const own = byOutput.map((parts) => parts[member] as Tensor);
      const problem = whyNotSent(this.#order, own);
      if (problem === undefined) {
        const { meta, payloads } = encodeAnswer(own);
        encoder.add({ ...header, kind: KIND.ANSWER, flags: FLAG.LAST, member }, meta, payloads);
      } else {
        const text = Buffer.from(problem.text);
        encoder.add({ ...header, kind: KIND.REFUSED, flags: problem.flags, member }, text, []);
      }
    }
    refusals.write(encoder, header);
    return { computeMs, areFinite };
  }

  /** The gateway can split the rows itself when no member is refused and all elements have the same length. */
  #canAnswerTogether(outputs: readonly Tensor[]): boolean {
    return (
      whyNotSent(this.#order, outputs) === undefined && outputs.every(({ datatype }) => datatype !== 'BYTES')
    );
  }
}

function checkRows(outputs: readonly Tensor[], rows: number): void {
  const wrong = outputs.find(({ shape }) => shape[0] !== rows);
  if (wrong === undefined) return;
  throw new RangeError(
    `output '${wrong.name}' has ${wrong.shape[0] ?? 'no'} rows, but the input has ${rows}`,
  );
}

import type { Runtime } from '../../runtime/runtime.ts';
import { hasForbiddenFloat, mayHoldNonFinite } from '../../tensor/finite.ts';
import { splitRows } from '../../tensor/rows.ts';
import { dataBytes, type Tensor } from '../../tensor/tensor.ts';
import { encodeAnswer, type RunBody } from '../wire/batch-frames.ts';
import type { LoadOrder } from '../wire/compute-messages.ts';
import type { FrameEncoder } from '../wire/frame-encoder.ts';
import { ALL_MEMBERS, FLAG, type FrameHeader, KIND } from '../wire/wire.ts';
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

  constructor(order: LoadOrder, runtime: Runtime) {
    this.#order = order;
    this.#runtime = runtime;
  }

  /** `isRowwise` asks for as many rows in each output as in the inputs. Throws what the model throws. */
  async run(
    { inputs, memberRows, parameters }: RunBody,
    isRowwise: boolean,
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
      const byteLength = dataBytes(own);
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
      dataBytes(outputs) <= this.#order.maxAnswerBytes &&
      this.#forbiddenOutput(outputs) === undefined &&
      outputs.every(({ datatype }) => datatype !== 'BYTES')
    );
  }

  #forbiddenOutput(outputs: readonly Tensor[]): Tensor | undefined {
    const { finite } = this.#order;
    return finite === 'off' ? undefined : outputs.find((output) => hasForbiddenFloat(output, finite));
  }
}

function checkRows(outputs: readonly Tensor[], rows: number): void {
  const wrong = outputs.find(({ shape }) => shape[0] !== rows);
  if (wrong === undefined) return;
  throw new RangeError(
    `output '${wrong.name}' has ${wrong.shape[0] ?? 'no'} rows, but the input has ${rows}`,
  );
}

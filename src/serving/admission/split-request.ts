import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import { gatherRows, splitRows } from '../../tensor/rows.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Entry } from '../../work/entry.ts';

/** Cuts a request along its rows into requests of at most `rows` rows, without copying. */
export function cutRequest(request: InferenceRequest, total: number, rows: number): InferenceRequest[] {
  const counts = Array.from({ length: Math.ceil(total / rows) }, (_, part) =>
    Math.min(rows, total - part * rows),
  );
  const byInput = request.inputs.map((input) => splitRows(input, counts));
  return counts.map((_, part) => ({ ...request, inputs: byInput.map((parts) => parts[part] as Tensor) }));
}

/** A request of more rows than a batch, run as several entries whose answers are joined. */
export class SplitRequest {
  readonly parts: Entry[] = [];
  readonly #rows: readonly number[];
  readonly #answers: (Answer | undefined)[] = [];
  readonly #onSettled: (outcome: Answer | Refusal) => void;
  #answered = 0;
  #refusal: Refusal | undefined;

  /** `rows` of each part. */
  constructor(rows: readonly number[], onSettled: (outcome: Answer | Refusal) => void) {
    this.#rows = rows;
    this.#onSettled = onSettled;
  }

  /** Why it has failed; undefined when it has not. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  get isExplained(): boolean {
    return this.parts[0]?.isExplained === true;
  }

  /** The first failing part ends the request; the others may still be running. */
  settled(part: number, outcome: Answer | Refusal): void {
    if (this.#refusal !== undefined) return;
    if (isRefusal(outcome)) {
      this.#refuse(outcome);
      return;
    }
    this.#answers[part] = outcome;
    this.#answered += 1;
    if (this.#answered < this.#rows.length) return;
    const whole = joinAnswers(this.#answers as Answer[], this.#rows);
    if (isRefusal(whole)) this.#refuse(whole);
    else this.#onSettled(whole);
  }

  #refuse(refusal: Refusal): void {
    this.#refusal = refusal;
    // Until all parts are admitted, admission returns the refusal itself.
    if (this.parts.length === this.#rows.length) this.#onSettled(refusal);
  }
}

function joinAnswers(answers: readonly Answer[], rows: readonly number[]): Answer | Refusal {
  const [first] = answers;
  const outputs: Tensor[] = [];
  for (const [index, output] of (first?.outputs ?? []).entries()) {
    const parts = answers.map((answer) => answer.outputs[index] as Tensor);
    const wrong = parts.findIndex(({ shape }, part) => !fits(shape, rows[part], output.shape));
    if (wrong !== -1) {
      return refuse(
        'MODEL_ERROR',
        `the request ran in ${answers.length} batches, and output '${output.name}' has shape [${parts[wrong]?.shape}] ` +
          `for ${rows[wrong]} rows and [${output.shape}] for ${rows[0]} rows: send fewer rows per request`,
      );
    }
    outputs.push(gatherRows(parts));
  }
  return { outputs };
}

function fits(shape: readonly number[], rows: number | undefined, other: readonly number[]): boolean {
  return (
    shape[0] === rows &&
    shape.length === other.length &&
    shape.every((size, axis) => axis === 0 || size === other[axis])
  );
}

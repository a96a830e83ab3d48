import type { Tensor } from '../../tensor/tensor.ts';
import { type AnswerHead, type AnswerPart, writeAnswerHead } from './oip-response.ts';

const MAX_MODELS = 64;

/** A head, and what it was written for. */
interface KnownHead {
  readonly version: string;
  readonly outputs: readonly Tensor[];
  readonly json: Buffer;
}

/**
 * Caches the JSON head of each model's last answer in which all tensors are bytes: answers of the same shapes have the same
 * head, and writing it costs more than the rest of the answer.
 */
export class OipAnswerHeads {
  readonly #heads = new Map<string, KnownHead>();

  readonly write = (head: AnswerHead, parts: readonly AnswerPart[]): Buffer => {
    const known = this.#heads.get(head.model);
    if (known !== undefined && isFor(known, head, parts)) return known.json;
    const json = writeAnswerHead(head, parts);
    // A head with an id or with data is not repeated.
    if (head.id === '' && parts.every(({ isBinary }) => isBinary)) this.#remember(head, parts, json);
    return json;
  };

  #remember({ model, version }: AnswerHead, parts: readonly AnswerPart[], json: Buffer): void {
    if (this.#heads.size >= MAX_MODELS) {
      const [oldest] = this.#heads.keys();
      if (oldest !== undefined) this.#heads.delete(oldest);
    }
    // The form only: the contents of an answer are not kept.
    const outputs = parts.map(({ tensor }) => ({
      ...tensor,
      data: { chunks: [], byteLength: tensor.data.byteLength },
    }));
    this.#heads.set(model, { version, outputs, json });
  }
}

function isFor({ version, outputs }: KnownHead, head: AnswerHead, parts: readonly AnswerPart[]): boolean {
  if (head.id !== '' || head.version !== version || parts.length !== outputs.length) return false;
  for (let index = 0; index < parts.length; index++) {
    const { tensor, isBinary } = parts[index] as AnswerPart;
    if (!isBinary || !hasForm(tensor, outputs[index] as Tensor)) return false;
  }
  return true;
}

function hasForm({ name, datatype, shape, data }: Tensor, form: Tensor): boolean {
  if (name !== form.name || datatype !== form.datatype || data.byteLength !== form.data.byteLength)
    return false;
  if (shape.length !== form.shape.length) return false;
  for (let axis = 0; axis < shape.length; axis++) if (shape[axis] !== form.shape[axis]) return false;
  return true;
}

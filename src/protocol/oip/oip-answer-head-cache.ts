import type { Tensor } from '../../tensor/tensor.ts';
import { type AnswerHead, type AnswerPart, writeAnswerHead } from './oip-response.ts';

const MAX_HEADS = 64;

/** A head, and what it was written for. */
interface KnownHead {
  readonly outputs: readonly Tensor[];
  readonly json: Buffer;
}

/**
 * Caches the JSON head of each version's last answer that has no id and sends all tensors as bytes: answers of the same
 * shapes have the same head, and writing it costs more than the rest of the answer.
 */
export class OipAnswerHeadCache {
  /** By the name of the model or route, then by version. */
  readonly #heads = new Map<string, Map<string, KnownHead>>();
  #count = 0;

  readonly write = (head: AnswerHead, parts: readonly AnswerPart[]): Buffer => {
    const known = this.#heads.get(head.model)?.get(head.version);
    if (known !== undefined && head.id === '' && isFor(known, parts)) return known.json;
    const json = writeAnswerHead(head, parts);
    // A head with an id or with data is not repeated.
    if (head.id === '' && parts.every(({ isBinary }) => isBinary)) this.#remember(head, parts, json);
    return json;
  };

  #remember({ model, version }: AnswerHead, parts: readonly AnswerPart[], json: Buffer): void {
    // Writing them again costs little.
    if (this.#count >= MAX_HEADS) {
      this.#heads.clear();
      this.#count = 0;
    }
    // The form only: the contents of an answer are not kept.
    const outputs = parts.map(({ tensor }) => ({
      ...tensor,
      data: { chunks: [], byteLength: tensor.data.byteLength },
    }));
    const ofModel = this.#heads.get(model) ?? new Map<string, KnownHead>();
    if (!ofModel.has(version)) this.#count += 1;
    this.#heads.set(model, ofModel.set(version, { outputs, json }));
  }
}

function isFor({ outputs }: KnownHead, parts: readonly AnswerPart[]): boolean {
  if (parts.length !== outputs.length) return false;
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

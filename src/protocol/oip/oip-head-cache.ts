import { flatten, type Segments } from '../../tensor/segments.ts';
import { type OipHead, parseOipHead } from './oip-head.ts';

const MAX_HEADS = 64;
const MAX_HEAD_BYTES = 2048;

/**
 * Caches the last JSON heads that contain no data. A client that sends its tensors as bytes repeats its head with every
 * request, and parsing it costs more than the rest of reading the request.
 */
export class OipHeadCache {
  readonly #heads = new Map<string, OipHead>();

  readonly read = (bytes: Segments, maxValues?: number): OipHead => {
    if (bytes.byteLength > MAX_HEAD_BYTES) return parseOipHead(bytes, maxValues);
    const flat = flatten(bytes);
    const key = Buffer.from(flat.buffer, flat.byteOffset, flat.byteLength).toString('latin1');
    const known = this.#heads.get(key);
    if (known !== undefined) return known;
    const head = parseOipHead(bytes);
    // A head with an id or with data is not repeated.
    if (head.id === '' && head.inputs.every((input) => input.binaryBytes !== undefined))
      this.#remember(key, head);
    return head;
  };

  #remember(key: string, head: OipHead): void {
    if (this.#heads.size >= MAX_HEADS) {
      const [oldest] = this.#heads.keys();
      if (oldest !== undefined) this.#heads.delete(oldest);
    }
    this.#heads.set(key, head);
  }
}

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
  #last: { readonly bytes: Buffer; readonly head: OipHead } | undefined;

  readonly read = (bytes: Segments, maxValues?: number): OipHead => {
    if (bytes.byteLength > MAX_HEAD_BYTES) return parseOipHead(bytes, maxValues);
    const flat = flatten(bytes);
    // Mostly it is the last one again: comparing bytes costs less than making the key.
    if (this.#last?.bytes.equals(flat) === true) return this.#last.head;
    const own = Buffer.from(flat);
    const key = own.toString('latin1');
    const known = this.#heads.get(key);
    if (known !== undefined) {
      this.#last = { bytes: own, head: known };
      return known;
    }
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

import { flatten, type Segments, sliceSegments } from '../../tensor/segments.ts';
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

  readonly read = (body: Segments, headBytes: number, maxValues?: number): OipHead => {
    if (headBytes > MAX_HEAD_BYTES) return parseOipHead(body, headBytes, maxValues);
    // Mostly it is the last one again: comparing bytes costs less than making the key.
    if (this.#last !== undefined && startsWith(body, headBytes, this.#last.bytes)) return this.#last.head;
    const bytes = Buffer.from(flatten(sliceSegments(body, 0, headBytes)));
    const key = bytes.toString('latin1');
    const known = this.#heads.get(key);
    if (known !== undefined) {
      this.#last = { bytes, head: known };
      return known;
    }
    const head = parseOipHead(body, headBytes);
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

function startsWith({ chunks }: Segments, headBytes: number, known: Buffer): boolean {
  const [first] = chunks;
  if (first === undefined || known.byteLength !== headBytes || first.byteLength < headBytes) return false;
  return known.compare(first, 0, headBytes) === 0;
}

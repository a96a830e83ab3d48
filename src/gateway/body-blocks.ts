/** Above this a body is gathered into blocks. */
export const GATHER_FROM_BYTES = 1024 * 1024;
const BLOCK_BYTES = 4 * 1024 * 1024;

/** A buffer that can shrink, as Node 20 has it and the types of this language level do not. */
type Shrinking = ArrayBuffer & { resize(byteLength: number): void };
const ShrinkingBuffer = ArrayBuffer as unknown as new (
  byteLength: number,
  options: { readonly maxByteLength: number },
) => Shrinking;

/**
 * The bytes of a large body in few blocks, each with memory from the system of its own. The thousands of chunks that it comes in
 * would leave the memory of the process in pieces, and the system would never see it again.
 */
export class BodyBlocks {
  readonly #blocks: Shrinking[] = [];
  #last = new Uint8Array(0);
  #used = 0;

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.#used === this.#last.byteLength) this.#newBlock();
      const part = chunk.subarray(at, at + this.#last.byteLength - this.#used);
      this.#last.set(part, this.#used);
      this.#used += part.byteLength;
      at += part.byteLength;
    }
  }

  /** All of it; nothing may be added any more. */
  take(): Uint8Array[] {
    this.#blocks.at(-1)?.resize(this.#used);
    return this.#blocks.map((block) => new Uint8Array(block, 0, block.byteLength));
  }

  /** Gives the memory back at once. To be called only where nothing reads it any more. */
  free(): void {
    for (const block of this.#blocks.splice(0)) block.resize(0);
    this.#last = new Uint8Array(0);
    this.#used = 0;
  }

  #newBlock(): void {
    const block = new ShrinkingBuffer(BLOCK_BYTES, { maxByteLength: BLOCK_BYTES });
    this.#blocks.push(block);
    this.#last = new Uint8Array(block, 0, BLOCK_BYTES);
    this.#used = 0;
  }
}

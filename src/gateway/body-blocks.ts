/** Smaller bodies are not gathered into blocks. */
export const GATHER_FROM_BYTES = 1024 * 1024;
const BLOCK_BYTES = 4 * 1024 * 1024;

/** A resizable ArrayBuffer: Node 20 has it, the types of this language level do not. */
type Shrinking = ArrayBuffer & { resize(byteLength: number): void };
const ShrinkingBuffer = ArrayBuffer as unknown as new (
  byteLength: number,
  options: { readonly maxByteLength: number },
) => Shrinking;

/**
 * The bytes of a large body in few blocks, each with memory from the operating system. Its thousands of chunks would
 * fragment the memory of the process, and the operating system would never get it back. The copy costs as much as all else
 * that the gateway does for a body, so it is made only where many bytes are held.
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

  /** The whole body; nothing may be added afterwards. */
  take(): Uint8Array[] {
    this.#blocks.at(-1)?.resize(this.#used);
    return this.#blocks.map((block) => new Uint8Array(block, 0, block.byteLength));
  }

  /** Frees the memory at once. Call it only when nothing reads the body any more. */
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

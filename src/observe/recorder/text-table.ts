/** Bounds of a table of texts. */
export interface TextLimits {
  readonly texts: number;
  readonly bytes: number;
}

/** Last use of a text that is never removed. */
const PINNED = Number.POSITIVE_INFINITY;

/**
 * Numbers that stand for texts. Each text is kept with the last place that uses it, so that it is removed with its
 * segment of the ring: texts from callers cannot fill the table for good.
 */
export class TextTable {
  readonly #limits: TextLimits;
  readonly #texts: string[] = [''];
  readonly #ids = new Map<string, number>([['', 0]]);
  readonly #lastUse: number[] = [PINNED];
  readonly #free: number[] = [];
  #bytes = 0;

  constructor(limits: TextLimits) {
    this.#limits = limits;
  }

  /** The texts by number; an unused number has an empty text. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** The number of a text that is used at `place`; undefined when the table is full. */
  idOf(text: string, place: number): number | undefined {
    const known = this.#ids.get(text);
    if (known !== undefined) {
      this.#lastUse[known] = Math.max(this.#lastUse[known] as number, place);
      return known;
    }
    const bytes = this.#bytes + 2 * text.length;
    if (this.#ids.size >= this.#limits.texts || bytes > this.#limits.bytes) return undefined;
    const id = this.#free.pop() ?? this.#texts.length;
    this.#texts[id] = text;
    this.#lastUse[id] = place;
    this.#ids.set(text, id);
    this.#bytes = bytes;
    return id;
  }

  /** The number of a text that is kept while the server runs. Pinned texts are few and never come from a client. */
  pin(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined && this.#lastUse[known] === PINNED) return known;
    const id = known ?? this.#free.pop() ?? this.#texts.length;
    this.#texts[id] = text;
    this.#ids.set(text, id);
    this.#lastUse[id] = PINNED;
    return id;
  }

  /** Removes the texts that are not used at `place` or later. */
  forgetBefore(place: number): void {
    for (const [id, lastUse] of this.#lastUse.entries()) {
      const text = this.#texts[id];
      if (lastUse >= place || text === undefined || !this.#ids.delete(text)) continue;
      this.#bytes -= 2 * text.length;
      this.#texts[id] = '';
      this.#lastUse[id] = PINNED;
      this.#free.push(id);
    }
  }
}

/** Bounds of a table of texts. */
export interface TextLimits {
  readonly texts: number;
  readonly bytes: number;
}

/** Never forgotten. */
const PINNED = Number.POSITIVE_INFINITY;

/**
 * Numbers that stand for texts. Each is remembered with the last place that uses it, so that it goes with the segment of the
 * ring that it belongs to: what callers invent fills no table for good.
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

  /** By their numbers; numbers that stand for nothing have an empty text. */
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

  /** The number of a text that is used for as long as the server runs. Few are, and none of them a client's. */
  pin(text: string): number {
    const id = this.#ids.get(text) ?? this.#free.pop() ?? this.#texts.length;
    this.#texts[id] = text;
    this.#ids.set(text, id);
    this.#lastUse[id] = PINNED;
    return id;
  }

  /** Forgets what nothing from `place` on uses. */
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

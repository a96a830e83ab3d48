/** Bytes of request bodies that the whole server may hold at once. */
export class BodyBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** An empty share of the budget for one request. */
  open(): BodyReservation {
    return new BodyReservation((bytes) => {
      if (bytes > 0 && this.#bytes + bytes > this.#maxBytes) return false;
      this.#bytes += bytes;
      return true;
    });
  }
}

/** One request's share of the budget. */
export class BodyReservation {
  readonly #take: (bytes: number) => boolean;
  #bytes = 0;

  constructor(take: (bytes: number) => boolean) {
    this.#take = take;
  }

  /** Makes the share cover `bytes` in all; false when the budget does not allow it. */
  cover(bytes: number): boolean {
    const more = bytes - this.#bytes;
    if (more <= 0) return true;
    if (!this.#take(more)) return false;
    this.#bytes = bytes;
    return true;
  }

  /** Gives all of it back. Idempotent. */
  release(): void {
    this.#take(-this.#bytes);
    this.#bytes = 0;
  }
}

/** Picks a share of a sequence, evenly spread. */
export class EvenShare {
  readonly #share: number;
  #due = 0;

  /** `share` from 0 to 1. */
  constructor(share: number) {
    this.#share = share;
  }

  /** Whether the next one belongs to the share. */
  next(): boolean {
    this.#due += this.#share;
    if (this.#due < 1) return false;
    this.#due -= 1;
    return true;
  }
}

/** Second attempts that may start at once after a quiet time. */
const BURST = 10;

/** Bounds second attempts to a share of the requests. */
export class HedgeBudget {
  readonly #share: number;
  #tokens = 1;

  constructor(share: number) {
    this.#share = share;
  }

  /** A request has come. */
  earn(): void {
    this.#tokens = Math.min(BURST, this.#tokens + this.#share);
  }

  /** Whether a second attempt may start; it is paid for. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

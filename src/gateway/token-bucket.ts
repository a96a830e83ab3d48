/** A quota: `burst` requests at once, `ratePerSecond` in the long run. */
export interface BucketSettings {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** Fills with time and empties with requests. It needs no timer: the level is computed on demand. */
export class TokenBucket {
  readonly #settings: BucketSettings;
  #tokens: number;
  #at: number;

  constructor(settings: BucketSettings, now: number) {
    this.#settings = settings;
    this.#tokens = settings.burst;
    this.#at = now;
  }

  /** Takes a token and returns 0, or returns the ms until there is one. */
  take(now: number): number {
    const { ratePerSecond, burst } = this.#settings;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * ratePerSecond);
    this.#at = now;
    if (this.#tokens < 1) return ((1 - this.#tokens) / ratePerSecond) * 1000;
    this.#tokens -= 1;
    return 0;
  }
}

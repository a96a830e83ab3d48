/** Counts requests that have arrived and are not yet answered. */
export class InFlight {
  count = 0;

  /** Counts one request; the returned function uncounts it and is idempotent. */
  enter(): () => void {
    this.count += 1;
    let isIn = true;
    return () => {
      if (isIn) this.count -= 1;
      isIn = false;
    };
  }
}

import type { Clock } from '../base/clock.ts';

/** Waiting that can be cut short, and that leaves no timer behind. */
export class GracePeriod {
  readonly #clock: Clock;
  readonly #ends: (() => void)[] = [];
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async wait(ms: number): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.at(this.#clock.now() + ms, resolve);
      this.#ends.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Ends every wait, now and from now on. */
  end(): void {
    this.#isOver = true;
    for (const end of this.#ends.splice(0)) end();
  }
}

import type { Clock } from '../../base/clock.ts';

/** Waits that can be ended early; they leave no timer behind. */
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

  /** Ends every wait, including later ones. */
  end(): void {
    this.#isOver = true;
    for (const end of this.#ends.splice(0)) end();
  }
}

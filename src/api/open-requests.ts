import type { ServerResponse } from 'node:http';

/** Counts the requests whose answers are not out yet, so that a shutdown can wait for the last of them. */
export class OpenRequests {
  #count = 0;
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  enter(res: ServerResponse): void {
    this.#count += 1;
    res.on('close', this.#leave);
  }

  /** Resolves when there is none. */
  async whenNone(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  readonly #leave = (): void => {
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  };
}

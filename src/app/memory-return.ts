import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from '../base/clock.ts';

/** Bodies below this die young, and the collector frees them as it goes. */
const LARGE_BYTES = 1024 * 1024;
/** So much given back makes it worth a collection. */
const WORTH_BYTES = 32 * 1024 * 1024;
/** A collection stops the loop for some ms: it waits for a quiet moment, and for the last one to be well over. */
const AFTER_MS = 1_000;

/**
 * Gives the memory of large bodies back to the system when they are gone. A server with little to do allocates little,
 * so its collector would keep hundreds of megabytes that nothing uses for as long as it is quiet.
 */
export class MemoryReturn {
  readonly #clock: Clock;
  readonly #collect: () => void;
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, collect: () => void = collector()) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** The bytes of one body, which nothing uses any more. */
  freed(bytes: number): void {
    if (bytes < LARGE_BYTES) return;
    this.#bytes += bytes;
    if (this.#bytes < WORTH_BYTES || this.#timer !== undefined) return;
    this.#timer = this.#clock.at(this.#clock.now() + AFTER_MS, () => {
      this.#timer = undefined;
      this.#bytes = 0;
      this.#collect();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/** Node has no other way to ask for a collection while it runs. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

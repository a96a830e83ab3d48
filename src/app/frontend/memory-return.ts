import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from '../../base/clock.ts';

/** Smaller bodies are freed by collections of the young generation. */
const LARGE_BYTES = 256 * 1024;
/** Freed bytes that justify a collection. */
const WORTH_BYTES = 16 * 1024 * 1024;
/** A collection stops the event loop for some ms: it waits this long, so that collections are rare. */
const AFTER_MS = 1_000;

/**
 * Returns the memory of large bodies to the system after use. An idle server allocates little, so without this its
 * collector would keep hundreds of unused megabytes.
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

  /** Counts the bytes of one body that is no longer used. */
  freed(bytes: number): void {
    if (bytes < LARGE_BYTES) return;
    this.#bytes += bytes;
    if (this.#bytes >= WORTH_BYTES && this.#timer === undefined) this.#collectLater();
  }

  #collectLater(isSecond = false): void {
    this.#bytes = 0;
    this.#timer = this.#clock.at(this.#clock.now() + AFTER_MS, () => {
      this.#timer = undefined;
      this.#collect();
      // What was freed in the meantime may have been reachable still. One more time, or a trickle would never end it.
      if (this.#bytes > 0 && !isSecond) this.#collectLater(true);
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

/** Node has no other way to request a collection at run time. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

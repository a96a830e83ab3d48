/** Delays that grow from try to try. */
export interface ExponentialDelays {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** The delay before try `attempt`, counted from 0, without jitter. */
export function exponentialDelayMs({ initialMs, factor, maxMs }: ExponentialDelays, attempt: number): number {
  let delayMs = initialMs;
  for (let done = 0; done < attempt && delayMs < maxMs; done++) delayMs *= factor;
  return Math.min(delayMs, maxMs);
}

/** Anything below the whole delay, from a raw unsigned draw: callers that failed together do not return together. */
export function fullJitterMs(delayMs: number, draw: number): number {
  return delayMs <= 0 ? 0 : draw % delayMs;
}

/** Half the delay is certain, half is chance in [0, 1): spread out, yet never at once. */
export function equalJitterMs(delayMs: number, chance: number): number {
  return Math.round((delayMs * (1 + chance)) / 2);
}

/** Delays that grow with each attempt. */
export interface ExponentialDelays {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** The delay before attempt `attempt`, counted from 0, without jitter. */
export function exponentialDelayMs({ initialMs, factor, maxMs }: ExponentialDelays, attempt: number): number {
  let delayMs = initialMs;
  for (let done = 0; done < attempt && delayMs < maxMs; done++) delayMs *= factor;
  return Math.min(delayMs, maxMs);
}

/** Uniform in [0, delayMs), from a raw unsigned draw, so that callers that failed together do not return together. */
export function fullJitterMs(delayMs: number, draw: number): number {
  return delayMs <= 0 ? 0 : draw % delayMs;
}

/** Half the delay plus a random half, with `chance` in [0, 1): spread out, but never immediate. */
export function equalJitterMs(delayMs: number, chance: number): number {
  return Math.round((delayMs * (1 + chance)) / 2);
}

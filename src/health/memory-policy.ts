/** Memory of a replica at a moment. */
export interface MemorySample {
  readonly at: number;
  readonly bytes: number;
}

/** Limits of memory; undefined is unlimited. */
export interface MemoryLimits {
  readonly softLimitBytes?: number | undefined;
  readonly hardLimitBytes?: number | undefined;
}

export type MemoryEvaluation = 'fine' | 'soft' | 'hard';

/** Compares memory with the limits. */
export function evaluateMemory(
  { softLimitBytes, hardLimitBytes }: MemoryLimits,
  bytes: number,
): MemoryEvaluation {
  if (hardLimitBytes !== undefined && bytes > hardLimitBytes) return 'hard';
  return softLimitBytes !== undefined && bytes > softLimitBytes ? 'soft' : 'fine';
}

/** Fewer samples, or a shorter time, show only fluctuation. */
const ENOUGH_SAMPLES = 10;
/** Share of the variance that a straight line must explain. */
const STEADY = 0.8;

/**
 * Time until memory reaches `limitBytes` at the present growth: a least-squares line over the samples. undefined when
 * it does not grow steadily.
 */
export function msUntilLimit(samples: readonly MemorySample[], limitBytes: number): number | undefined {
  if (samples.length < ENOUGH_SAMPLES) return undefined;
  const n = samples.length;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / n;
  const meanBytes = samples.reduce((sum, { bytes }) => sum + bytes, 0) / n;
  let spread = 0;
  let together = 0;
  let total = 0;
  for (const { at, bytes } of samples) {
    spread += (at - meanAt) * (at - meanAt);
    together += (at - meanAt) * (bytes - meanBytes);
    total += (bytes - meanBytes) * (bytes - meanBytes);
  }
  if (spread === 0 || total === 0) return undefined;
  const slope = together / spread;
  const explained = (together * together) / (spread * total);
  if (slope <= 0 || explained < STEADY) return undefined;
  const last = samples[n - 1] as MemorySample;
  return Math.max(0, (limitBytes - last.bytes) / slope);
}

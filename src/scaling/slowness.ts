/** Where the time of recent requests went, in ms: of one in twenty, or longer. */
export interface LatencyFacts {
  readonly waitMs: number;
  readonly serviceMs: number;
}

/** Below this share of waiting in the latency, more replicas make no request faster. */
const WAIT_SHARE = 0.2;

/**
 * Why requests exceed the objective although more replicas would not help; undefined where they are in time, or wait so
 * long that replicas are what is missing.
 */
export function slownessOf(
  { waitMs, serviceMs }: LatencyFacts,
  latencyMs: number | undefined,
  areCoresFull: boolean,
): string | undefined {
  const totalMs = waitMs + serviceMs;
  if (latencyMs === undefined || totalMs <= latencyMs || waitMs >= WAIT_SHARE * totalMs) return undefined;
  const what = `requests take ${totalMs.toFixed(0)} ms of ${latencyMs} ms, of which they wait ${waitMs.toFixed(0)} ms`;
  return areCoresFull
    ? `${what}: the machine is saturated, and another replica would slow the others down; use fewer replicas or threads, or a larger machine`
    : `${what}: batches themselves are too slow; use more threads per replica, or smaller batches`;
}

import type { ComputeTimes, TotalTime, VersionStatistics } from '../../observe/metrics/version-statistics.ts';

/** Statistics in the form of the protocol's extension. Clients require every duration, as a number. */
export function statisticsView(statistics: VersionStatistics, wallMs: (at: number) => number) {
  const { version, compute, lastAnswerAt, batches } = statistics;
  return {
    name: version.spec.model,
    version: version.spec.version,
    last_inference: lastAnswerAt === undefined ? 0 : Math.round(wallMs(lastAnswerAt)),
    inference_count: statistics.rows,
    execution_count: statistics.executions,
    inference_stats: {
      success: durationOf(statistics.success),
      fail: durationOf(statistics.fail),
      queue: durationOf(statistics.queue),
      ...computeView(compute),
      cache_hit: durationOf(statistics.cacheHit),
      cache_miss: { count: statistics.cacheMisses, ns: 0 },
    },
    response_stats: {},
    batch_stats: [...batches]
      .sort(([a], [b]) => a - b)
      .map(([rows, times]) => ({ batch_size: rows, ...computeView(times) })),
    memory_usage: [],
  };
}

function computeView({ input, infer, output }: ComputeTimes) {
  return {
    compute_input: durationOf(input),
    compute_infer: durationOf(infer),
    compute_output: durationOf(output),
  };
}

function durationOf({ count, ms }: TotalTime): { readonly count: number; readonly ns: number } {
  return { count, ns: Math.round(ms * 1e6) };
}

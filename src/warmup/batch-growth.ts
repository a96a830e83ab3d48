import type { MemoryUse } from '../work/outcome.ts';

/** Duration of batches of one size. */
export interface SizeCost {
  readonly batchSize: number;
  readonly stableMs: number;
}

/** What bounds the sizes that warmup tries. */
export interface GrowthFacts {
  /** The settings name the size, so it is not bounded. */
  readonly isOwnSize: boolean;
  /** The memory limit above which the replica is replaced; undefined without a limit. */
  readonly softLimitBytes: number | undefined;
  /** Memory of the very first run, with one row. */
  readonly first: MemoryUse | undefined;
}

/** Decides how far warmup increases batch sizes that the settings do not name. */
export interface BatchGrowth {
  /** Records the memory of a batch of so many rows. */
  ran(rows: number, memory: MemoryUse | undefined): void;
  /** Why a batch of so many rows must not be tried; undefined when it may. */
  whyNotRun(rows: number): string | undefined;
  /** Why larger batches are not worth trying after those that ran; undefined when they may be. */
  whyNotGrow(rows: number, sizes: readonly SizeCost[]): string | undefined;
}

/** Memory that warmup batches may use beyond that of one row. */
const MOST_GROWTH_BYTES = 256 * 1024 * 1024;
/** Batches above this duration must save time per row. */
const QUICK_MS = 250;
/** Share of the time per row that doubling the batch must save when it is above `QUICK_MS`. */
const WORTHWHILE_SAVING = 0.1;

/** Assumes that memory grows in proportion to rows. */
export function growthOf({ isOwnSize, softLimitBytes, first }: GrowthFacts): BatchGrowth {
  const startBytes = first?.beforeBytes ?? 0;
  let rowBytes = first === undefined ? 0 : Math.max(0, first.afterBytes - first.beforeBytes);
  let largest = 1;
  const whyNotRun = (rows: number): string | undefined => {
    if (isOwnSize || first === undefined) return undefined;
    const growth = rowBytes * rows;
    const limit = Math.min(MOST_GROWTH_BYTES, (softLimitBytes ?? Number.POSITIVE_INFINITY) - startBytes);
    if (growth <= limit) return undefined;
    return `a batch of ${rows} rows would take about ${Math.round(growth / 1e6)} MB, more than warmup may use`;
  };
  return {
    ran(rows, memory) {
      if (memory === undefined || rows <= largest) return;
      largest = rows;
      rowBytes = Math.max(0, memory.afterBytes - startBytes) / rows;
    },
    whyNotRun,
    whyNotGrow(rows, sizes) {
      const [before, last] = sizes.slice(-2);
      if (!isOwnSize && before !== undefined && last !== undefined && last.stableMs > QUICK_MS) {
        const saving = 1 - last.stableMs / last.batchSize / (before.stableMs / before.batchSize);
        if (saving < WORTHWHILE_SAVING) return 'larger batches save no time per row';
      }
      return whyNotRun(rows);
    },
  };
}

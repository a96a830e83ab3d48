import type { MemoryUse } from '../work/outcome.ts';

/** What batches of one size took. */
export interface SizeCost {
  readonly batchSize: number;
  readonly stableMs: number;
}

/** What bounds the sizes that warmup tries. */
export interface GrowthFacts {
  /** The settings name the size: whoever chose it wants it. */
  readonly isOwnSize: boolean;
  /** A replica beyond this is to be replaced; undefined where nothing is set. */
  readonly softLimitBytes: number | undefined;
  /** Of the very first run, with one row. */
  readonly first: MemoryUse | undefined;
}

/** How far batches may grow while the server tries out sizes that the settings do not name. */
export interface BatchGrowth {
  /** Notes what a batch of so many rows took. */
  ran(rows: number, memory: MemoryUse | undefined): void;
  /** Why a batch of so many rows must not be tried; undefined when it may. */
  whyNotRun(rows: number): string | undefined;
  /** Why a larger size is of no use after those that ran; undefined when it may be. */
  whyNotGrow(rows: number, sizes: readonly SizeCost[]): string | undefined;
}

/** Memory that trying out batches may take beyond that of one row. */
const MOST_GROWTH_BYTES = 256 * 1024 * 1024;
/** Batches that take longer than this must pay for it. */
const QUICK_MS = 250;
/** Time a row that twice as large a batch must save to be worth it where it is not quick. */
const WORTHWHILE_SAVING = 0.1;

/** Rows take memory in proportion, as far as is known. */
export function growthOf({ isOwnSize, softLimitBytes, first }: GrowthFacts): BatchGrowth {
  const startBytes = first?.beforeBytes ?? 0;
  let rowBytes = first === undefined ? 0 : Math.max(0, first.afterBytes - first.beforeBytes);
  let largest = 1;
  const whyNotRun = (rows: number): string | undefined => {
    if (isOwnSize || first === undefined) return undefined;
    const growth = rowBytes * rows;
    const limit = Math.min(MOST_GROWTH_BYTES, (softLimitBytes ?? Number.POSITIVE_INFINITY) - startBytes);
    if (growth <= limit) return undefined;
    return `a batch of ${rows} rows would take about ${Math.round(growth / 1e6)} MB, more than warmup may try`;
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
        if (saving < WORTHWHILE_SAVING) return 'larger batches take as much longer as they hold more';
      }
      return whyNotRun(rows);
    },
  };
}

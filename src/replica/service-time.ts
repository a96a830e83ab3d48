import { PredictionError } from './prediction-error.ts';

/** Weight that older batches keep at each new batch: about the last fifty count. */
const MEMORY = 0.98;
/** Sizes 1, 2, 4, … 8192; the curve is linear between them. */
const KNOTS = 14;
/** Share of an error that the two adjacent knots take over. */
const KNOT_RATE = 0.1;
const MAX_BEND = 5;
/** Below this variance the sizes do not determine the slope. */
const ENOUGH_SPREAD = 0.25;
const KNOWN_AFTER_BATCHES = 5;
/** A batch more than this many times larger than any seen has an unknown service time. */
const MOST_BEYOND = 2;
const DRIFT_AFTER_BATCHES = 200;
const LEAST_DRIFT_MS = 1;

/** Durations of warmup runs of one batch size. */
export interface ProfiledSize {
  readonly rows: number;
  readonly tookMs: readonly number[];
}

/**
 * Learns L(b), the service time of a batch of b rows: a line by exponentially weighted least squares, plus a
 * correction at each power of two. It never falls with the size.
 */
export class ServiceTime {
  /** Mean of the last batches, in ms. */
  meanMs = 0;
  readonly #error = new PredictionError();
  /** The curve after warmup, to measure drift. */
  #profiled: ServiceTime | undefined;
  #batches = 0;
  /** Batches that really ran, and the rows of the largest one. */
  #seen = 0;
  #mostRows = 0;
  #weight = 0;
  #meanRows = 0;
  #spread = 0;
  #together = 0;
  #fixedMs = 0;
  /** undefined while all batches had one size. */
  #rowMs: number | undefined;
  readonly #bends = new Float64Array(KNOTS).fill(1);
  readonly #knotsMs = new Float64Array(KNOTS);

  /** Number of batches it is based on. */
  get batches(): number {
    return this.#batches;
  }

  get isKnown(): boolean {
    return this.#batches >= KNOWN_AFTER_BATCHES;
  }

  /** Fixed cost per batch and cost per row, from the line alone. */
  get line(): { readonly fixedMs: number; readonly rowMs: number } {
    return { fixedMs: this.#fixedMs, rowMs: this.#rowMs ?? 0 };
  }

  /** τ: the share `quantile` of batches takes at most τ times the prediction. */
  planFactor(quantile: number): number {
    return this.#error.planFactor(quantile);
  }

  /** Whether enough such batches have run to tell how long one may take. */
  hasSeen(rows: number): boolean {
    return this.#seen >= KNOWN_AFTER_BATCHES && rows <= MOST_BEYOND * this.#mostRows;
  }

  observe(rows: number, tookMs: number): void {
    this.#sees(rows, 1);
    const expectedMs = this.predictMs(rows);
    if (this.isKnown && expectedMs > 0) this.#error.observe(tookMs / expectedMs);
    this.#learn(rows, tookMs);
  }

  /** Starts from warmup runs: quartiles give the shape, deviations from it the error. */
  profile(sizes: readonly ProfiledSize[]): void {
    const shape = sizes.map(({ rows, tookMs }) => ({ rows, ms: lowerQuartile(tookMs) }));
    for (let round = 0; round < KNOWN_AFTER_BATCHES; round++) {
      for (const { rows, ms } of shape) this.#learn(rows, ms);
    }
    // Knots hold exact measurements; the line covers the gaps between them.
    for (const { rows, ms } of shape) {
      const knot = 31 - Math.clz32(rows);
      if (rows === 2 ** knot && knot < KNOTS) this.#bends[knot] = bounded(ms / this.#lineMs(rows));
    }
    this.#bend();
    for (const { rows, tookMs } of sizes) {
      this.#sees(rows, tookMs.length);
      for (const ms of tookMs) this.#error.observe(ms / this.predictMs(rows));
    }
    this.#profiled = this.#copy();
  }

  /** Copies the shape of another curve whose rows are `scale` times as large. */
  startFrom(other: ServiceTime, scale: number): void {
    const { fixedMs, rowMs } = other.line;
    if (!other.isKnown) return;
    for (const rows of [1, 2, 4, 8, 16]) this.#learn(rows, fixedMs + rowMs * scale * rows);
    // A low weight, so that a few own measurements outweigh it.
    this.#weight = 1;
  }

  /** Service time of a batch of so many rows, in ms. */
  predictMs(rows: number): number {
    const knot = Math.min(31 - Math.clz32(Math.max(1, rows)), KNOTS - 2);
    const from = this.#knotsMs[knot] as number;
    const to = this.#knotsMs[knot + 1] as number;
    const share = rows / 2 ** knot - 1;
    return from + (to - from) * share;
  }

  /** Rows of the largest batch within `limitMs`; 0 when one row alone takes longer. */
  rowsWithin(limitMs: number): number {
    if (!((this.#knotsMs[0] as number) <= limitMs)) return 0;
    for (let knot = 1; knot < KNOTS; knot++) {
      const to = this.#knotsMs[knot] as number;
      if (to <= limitMs) continue;
      const from = this.#knotsMs[knot - 1] as number;
      const size = 2 ** (knot - 1);
      return Math.floor(size + (size * (limitMs - from)) / (to - from) + 1e-9);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Current service time of the usual batch size divided by that after warmup; 1 without warmup. */
  get usualDrift(): number {
    const rows = Math.max(1, this.#meanRows);
    const [beforeMs, nowMs] = [this.#profiled?.predictMs(rows) ?? 0, this.predictMs(rows)];
    // The first batches after a start are slower, and times of microseconds vary by chance.
    const isNoticeable = this.#batches >= DRIFT_AFTER_BATCHES && Math.abs(nowMs - beforeMs) >= LEAST_DRIFT_MS;
    return isNoticeable && beforeMs > 0 ? nowMs / beforeMs : 1;
  }

  #sees(rows: number, times: number): void {
    this.#seen += times;
    this.#mostRows = Math.max(this.#mostRows, rows);
  }

  #learn(rows: number, tookMs: number): void {
    this.#batches += 1;
    this.#weight = MEMORY * this.#weight + 1;
    const offRows = rows - this.#meanRows;
    this.#meanRows += offRows / this.#weight;
    const offMs = tookMs - this.meanMs;
    this.meanMs += offMs / this.#weight;
    this.#spread = MEMORY * this.#spread + offRows * (rows - this.#meanRows);
    this.#together = MEMORY * this.#together + offRows * (tookMs - this.meanMs);
    // When sizes do not vary, only the fixed part is learned and the slope is kept.
    if (this.#spread > ENOUGH_SPREAD) this.#rowMs = Math.max(0, this.#together / this.#spread);
    this.#fixedMs = this.meanMs - (this.#rowMs ?? 0) * this.#meanRows;
    if (this.#fixedMs < 0) {
      const [x, y] = [this.#meanRows, this.meanMs];
      this.#fixedMs = 0;
      this.#rowMs = (this.#together + this.#weight * x * y) / (this.#spread + this.#weight * x * x);
    }
    this.#bend();
    if (this.isKnown && this.#rowMs !== undefined) this.#correct(rows, tookMs);
  }

  /** Moves the two knots next to a size towards the measurement. */
  #correct(rows: number, tookMs: number): void {
    const expectedMs = this.predictMs(rows);
    const knot = Math.min(31 - Math.clz32(rows), KNOTS - 2);
    const share = rows / 2 ** knot - 1;
    if (!(expectedMs > 0)) return;
    const step = 1 + KNOT_RATE * (tookMs / expectedMs - 1);
    this.#bends[knot] = bounded((this.#bends[knot] as number) * (1 + (step - 1) * (1 - share)));
    this.#bends[knot + 1] = bounded((this.#bends[knot + 1] as number) * (1 + (step - 1) * share));
    this.#bend();
  }

  #bend(): void {
    let leastMs = 0;
    for (let knot = 0; knot < KNOTS; knot++) {
      leastMs = Math.max(leastMs, this.#lineMs(2 ** knot) * (this.#bends[knot] as number));
      this.#knotsMs[knot] = leastMs;
    }
  }

  #lineMs(rows: number): number {
    // A single size does not determine others: smaller batches are assumed to take as long, larger ones in
    // proportion.
    if (this.#rowMs === undefined) return this.meanMs * Math.max(1, rows / Math.max(1, this.#meanRows));
    return this.#fixedMs + this.#rowMs * rows;
  }

  #copy(): ServiceTime {
    const copy = new ServiceTime();
    copy.#knotsMs.set(this.#knotsMs);
    return copy;
  }
}

function bounded(bend: number): number {
  return Number.isFinite(bend) ? Math.min(Math.max(bend, 1 / MAX_BEND), MAX_BEND) : 1;
}

/** The duration of an undisturbed run. */
function lowerQuartile(tookMs: readonly number[]): number {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 4)] ?? 0;
}

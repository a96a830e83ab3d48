import { evenOut, measureRises } from './even-curve.ts';
import { LearnedLine } from './learned-line.ts';
import { PredictionError } from './prediction-error.ts';

/** Sizes 1, 2, 4, … 8192; the curve is linear between them. */
const KNOTS = 14;
/** Share of an error that the two adjacent knots take over. */
const KNOT_RATE = 0.1;
/** Share of its bend that a knot loses with each batch: what all sizes have in common passes to the speed. */
const BEND_DECAY = 0.002;
const MAX_BEND = 5;
/** Share of an error that the speed takes over: about the last seven batches count. */
const SPEED_RATE = 0.15;
/** What a batch takes beyond this many times its prediction says nothing about others. */
const OUTLIER = 3;
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
 * Learns L(b), the service time of a batch of b rows. With the runs of warmup it is their shape, corrected at each power
 * of two, times a speed. The speed follows the last batches quickly: what slows all sizes alike, such as other load on the
 * machine, leaves the shape as it is. Without warmup the shape is a line by least squares. It never falls with the size,
 * and unless warmup has measured it, an additional row never costs more than the ones before it: noise makes no steps.
 */
export class ServiceTime {
  readonly #error = new PredictionError();
  readonly #line = new LearnedLine();
  /** Present durations divided by those of the shape. */
  #speed = 1;
  #batches = 0;
  /** Batches that really ran, and the rows of the largest one. */
  #seen = 0;
  #mostRows = 0;
  /** The shape as warmup measured it, by knot, in ms. */
  #base: Float64Array | undefined;
  /** By knot: the shape divided by the base, or by the line. */
  readonly #bends = new Float64Array(KNOTS).fill(1);
  readonly #knotsMs = new Float64Array(KNOTS);
  /** By knot: how many times more a row above it may cost than one below it. */
  readonly #rises = new Float64Array(KNOTS).fill(1);

  /** Number of batches it is based on. */
  get batches(): number {
    return this.#batches;
  }

  get isKnown(): boolean {
    return this.#batches >= KNOWN_AFTER_BATCHES;
  }

  /** Fixed cost per batch and cost per row of the straight line nearest to it, in ms. */
  get line(): { readonly fixedMs: number; readonly rowMs: number } {
    const most = Math.max(2, Math.min(this.#mostRows, 2 ** (KNOTS - 1)));
    const rowMs = (this.predictMs(most) - this.predictMs(1)) / (most - 1);
    return { fixedMs: Math.max(0, this.predictMs(1) - rowMs), rowMs };
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
    if (!this.isKnown || !(expectedMs > 0)) {
      this.#learn(rows, tookMs);
      return;
    }
    this.#error.observe(tookMs / expectedMs);
    const counted = Math.min(tookMs / expectedMs, OUTLIER);
    if (this.#base !== undefined) this.#speed *= 1 + SPEED_RATE * (counted - 1);
    this.#learn(rows, (counted * expectedMs) / this.#speed);
  }

  /** Starts from warmup runs: quartiles give the shape, deviations from it the error. */
  profile(sizes: readonly ProfiledSize[]): void {
    const shape = sizes
      .map(({ rows, tookMs }) => ({ rows, ms: lowerQuartile(tookMs) }))
      .sort((a, b) => a.rows - b.rows);
    for (let round = 0; round < KNOWN_AFTER_BATCHES; round++) {
      for (const { rows, ms } of shape) this.#learn(rows, ms);
    }
    this.#bends.fill(1);
    this.#base = Float64Array.from({ length: KNOTS }, (_, knot) => this.#measured(shape, 2 ** knot));
    measureRises(this.#rises, shape);
    for (const { rows, tookMs } of sizes) this.#sees(rows, tookMs.length);
    this.#bend();
    for (const { rows, tookMs } of sizes) {
      for (const ms of tookMs) this.#error.observe(ms / this.predictMs(rows));
    }
  }

  /** Copies the shape of another curve whose rows are `scale` times as large. */
  startFrom(other: ServiceTime, scale: number): void {
    const { fixedMs, rowMs } = other.line;
    if (!other.isKnown) return;
    for (const rows of [1, 2, 4, 8, 16]) this.#learn(rows, fixedMs + rowMs * scale * rows);
    this.#line.doubt();
  }

  /** Service time of a batch of so many rows, in ms. */
  predictMs(rows: number): number {
    return this.#speed * between(this.#knotsMs, rows);
  }

  /** Rows of the largest batch within `limitMs`; 0 when one row alone takes longer. */
  rowsWithin(limitMs: number): number {
    const shapeMs = limitMs / this.#speed;
    if (!((this.#knotsMs[0] as number) <= shapeMs)) return 0;
    for (let knot = 1; knot < KNOTS; knot++) {
      const to = this.#knotsMs[knot] as number;
      if (to <= shapeMs) continue;
      const from = this.#knotsMs[knot - 1] as number;
      const size = 2 ** (knot - 1);
      return Math.floor(size + (size * (shapeMs - from)) / (to - from) + 1e-9);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Current service time of the usual batch size divided by that after warmup; 1 without warmup. */
  get usualDrift(): number {
    const rows = Math.max(1, this.#line.meanRows);
    const [beforeMs, nowMs] = [
      this.#base === undefined ? 0 : between(this.#base, rows),
      this.predictMs(rows),
    ];
    // The first batches after a start are slower, and times of microseconds vary by chance.
    const isNoticeable = this.#batches >= DRIFT_AFTER_BATCHES && Math.abs(nowMs - beforeMs) >= LEAST_DRIFT_MS;
    return isNoticeable && beforeMs > 0 ? nowMs / beforeMs : 1;
  }

  #sees(rows: number, times: number): void {
    this.#seen += times;
    if (times > 0) this.#mostRows = Math.max(this.#mostRows, rows);
  }

  #learn(rows: number, tookMs: number): void {
    this.#batches += 1;
    this.#line.observe(rows, tookMs);
    this.#bend();
    if (this.isKnown && (this.#base !== undefined || this.#line.hasSlope)) this.#correct(rows, tookMs);
  }

  /** Moves the two knots next to a size towards the measurement. */
  #correct(rows: number, tookMs: number): void {
    const bends = this.#bends;
    const expectedMs = between(this.#knotsMs, rows);
    if (!(expectedMs > 0)) return;
    const knot = Math.min(31 - Math.clz32(rows), KNOTS - 2);
    const share = rows / 2 ** knot - 1;
    const error = KNOT_RATE * (tookMs / expectedMs - 1);
    bends[knot] = bounded((bends[knot] as number) * (1 + error * (1 - share)));
    bends[knot + 1] = bounded((bends[knot + 1] as number) * (1 + error * share));
    if (this.#base !== undefined) {
      for (let each = 0; each < KNOTS; each++)
        (bends[each] as number) += BEND_DECAY * (1 - (bends[each] as number));
    }
    this.#bend();
  }

  /** Derives the knots from what is known of the shape. */
  #bend(): void {
    const knots = this.#knotsMs;
    let leastMs = 0;
    for (let knot = 0; knot < KNOTS; knot++) {
      const ms = this.#base?.[knot] ?? this.#line.at(2 ** knot);
      leastMs = Math.max(leastMs, ms * (this.#bends[knot] as number));
      knots[knot] = leastMs;
    }
    const last = Math.min(KNOTS - 1, 32 - Math.clz32(Math.max(1, this.#mostRows) - 1));
    evenOut(knots, { last, rises: this.#rises });
  }

  /** The time between two measured sizes; beyond the largest, rows cost what they do along the line. */
  #measured(shape: readonly { readonly rows: number; readonly ms: number }[], rows: number): number {
    const above = shape.findIndex((size) => size.rows >= rows);
    const [to, from] = [shape[above], shape[above - 1]];
    if (to?.rows === rows || (to !== undefined && from === undefined)) return to?.ms ?? 0;
    if (to !== undefined && from !== undefined)
      return from.ms + ((to.ms - from.ms) * (rows - from.rows)) / (to.rows - from.rows);
    const last = shape.at(-1);
    if (last === undefined) return 0;
    return shape.length === 1
      ? last.ms * (rows / last.rows)
      : last.ms + this.#line.rowMs * (rows - last.rows);
  }
}

/** The value between the knots at 1, 2, 4 … */
function between(knots: Float64Array, rows: number): number {
  const knot = Math.min(31 - Math.clz32(Math.max(1, rows)), KNOTS - 2);
  const [from, to] = [knots[knot] as number, knots[knot + 1] as number];
  return from + (to - from) * (rows / 2 ** knot - 1);
}

function bounded(bend: number): number {
  return Number.isFinite(bend) ? Math.min(Math.max(bend, 1 / MAX_BEND), MAX_BEND) : 1;
}

/** The duration of an undisturbed run. */
function lowerQuartile(tookMs: readonly number[]): number {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 4)] ?? 0;
}

import { type LaneKey, laneElements } from '../work/lane.ts';
import { ServiceTime } from './service-time.ts';

/** Number of lanes whose service time is kept; the least recently run one is dropped. */
const MAX_LANES = 64;
/** Number of guesses kept for lanes that never ran. */
const MAX_GUESSES = 16;

/** The service times of a version, one curve per lane, in bounded memory. */
export class ServiceTimes {
  readonly #curves = new Map<LaneKey, ServiceTime>();
  /** The replicas that share these curves, with their factors. */
  readonly replicas = new Set<{ readonly batches: number; readonly factor: number }>();
  #latestLane: LaneKey | undefined;
  #latest = new ServiceTime();

  /** Guesses for lanes without measurements, until something is learned. */
  readonly #guesses = new Map<LaneKey, ServiceTime>();

  /** The lane that ran last. */
  get latestLane(): LaneKey | undefined {
    return this.#latestLane;
  }

  /** The curve of the lane that ran last. */
  get latest(): ServiceTime {
    return this.#latest;
  }

  /** The factor that half of the replicas do not exceed. */
  get usualFactor(): number {
    const factors: number[] = [];
    for (const { batches, factor } of this.replicas) if (batches > 0) factors.push(factor);
    if (factors.length < 2) return factors[0] ?? 1;
    factors.sort((a, b) => a - b);
    return factors[(factors.length - 1) >> 1] as number;
  }

  /** The curve of a lane, if it has one. Does not change anything. */
  peek(lane: LaneKey): ServiceTime | undefined {
    return this.#curves.get(lane);
  }

  /**
   * Predicted curve of a lane. Does not change what was learned: only lanes that run are kept, regardless of the
   * shapes clients send.
   */
  guess(lane: LaneKey): ServiceTime {
    if (lane === this.#latestLane) return this.#latest;
    const known = this.#curves.get(lane) ?? this.#guesses.get(lane);
    if (known !== undefined) return known;
    const guess = this.#latestLane === undefined ? this.#latest : this.#inherit(lane);
    if (this.#guesses.size >= MAX_GUESSES) this.#guesses.clear();
    this.#guesses.set(lane, guess);
    return guess;
  }

  /** The curve of a lane, for learning. A new lane starts from the one nearest in size. */
  of(lane: LaneKey): ServiceTime {
    if (lane === this.#latestLane) return this.#latest;
    let curve = this.#curves.get(lane);
    if (curve === undefined) {
      curve = this.#latestLane === undefined ? this.#latest : this.#inherit(lane);
    } else {
      this.#curves.delete(lane);
    }
    this.#guesses.clear();
    // Reinserted at the end, so that the map is in order of use.
    this.#curves.set(lane, curve);
    const [oldest] = this.#curves.keys();
    if (this.#curves.size > MAX_LANES && oldest !== undefined) this.#curves.delete(oldest);
    this.#latestLane = lane;
    this.#latest = curve;
    return curve;
  }

  /** Forgets everything learned. */
  clear(): void {
    this.#curves.clear();
    this.#guesses.clear();
    this.#latestLane = undefined;
    this.#latest = new ServiceTime();
  }

  /** Known curves by lane, the most recently run one last. */
  list(): (readonly [LaneKey, ServiceTime])[] {
    return [...this.#curves];
  }

  #inherit(lane: LaneKey): ServiceTime {
    const elements = laneElements(lane);
    let nearest: ServiceTime | undefined;
    let scale = 1;
    let leastApart = Number.POSITIVE_INFINITY;
    for (const [other, curve] of this.#curves) {
      const ratio = elements / laneElements(other);
      const apart = Math.max(ratio, 1 / ratio);
      if (curve.isKnown && apart < leastApart) [nearest, scale, leastApart] = [curve, ratio, apart];
    }
    const curve = new ServiceTime();
    if (nearest !== undefined) curve.startFrom(nearest, scale);
    return curve;
  }
}

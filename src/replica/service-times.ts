import { type LaneKey, laneElements } from '../work/lane.ts';
import { ServiceTime } from './service-time.ts';

/** Lanes whose service time is remembered; the one that was run longest ago is forgotten first. */
const MAX_LANES = 64;
/** Lanes that were asked about and never run. */
const MAX_GUESSES = 16;

/** The service times of a version, one curve a lane. Bounded, whatever shapes are sent. */
export class ServiceTimes {
  readonly #curves = new Map<LaneKey, ServiceTime>();
  /** How slow each of the replicas is that learn from these curves. */
  readonly replicas = new Set<{ readonly batches: number; readonly factor: number }>();
  #latestLane: LaneKey | undefined;
  #latest = new ServiceTime();

  /** What was told of lanes that nothing is known of, until something is learned. */
  readonly #guesses = new Map<LaneKey, ServiceTime>();

  /** The curve of the lane that was run last. */
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

  /** The curve of a lane, where there is one; asking changes nothing. */
  peek(lane: LaneKey): ServiceTime | undefined {
    return this.#curves.get(lane);
  }

  /**
   * What a batch of a lane should take. To ask changes nothing of what was learned: whatever shapes clients send, only
   * what is run is remembered.
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

  /** The curve of a lane that is run, to learn from it. One that was never seen starts from the one nearest in size. */
  of(lane: LaneKey): ServiceTime {
    if (lane === this.#latestLane) return this.#latest;
    let curve = this.#curves.get(lane);
    if (curve === undefined) {
      curve = this.#latestLane === undefined ? this.#latest : this.#inherit(lane);
    } else {
      this.#curves.delete(lane);
    }
    this.#guesses.clear();
    // Back at the end: the order of the map is that of use.
    this.#curves.set(lane, curve);
    const [oldest] = this.#curves.keys();
    if (this.#curves.size > MAX_LANES && oldest !== undefined) this.#curves.delete(oldest);
    this.#latestLane = lane;
    this.#latest = curve;
    return curve;
  }

  /** Forgets all that was learned. */
  clear(): void {
    this.#curves.clear();
    this.#guesses.clear();
    this.#latestLane = undefined;
    this.#latest = new ServiceTime();
  }

  /** What is known by now, by lane, the one run last at the end. */
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

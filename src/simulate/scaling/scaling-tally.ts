import type { Clock } from '../../base/clock.ts';
import { Histogram } from '../../base/histogram.ts';
import type { Scaled } from '../../fleet/autoscale/scaled-version.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';

/** What is seen of one minute of a run. */
export interface Minute {
  readonly offered: number;
  readonly inTime: number;
  /** Mean number of replicas that are paid for. */
  readonly replicas: number;
  readonly p99Ms: number;
}

/** Results of a run. Refused and lost requests count as missed. */
export interface ScalingReport {
  readonly offered: number;
  readonly inTime: number;
  readonly answered: number;
  readonly refused: number;
  /** Share of all arrivals that were answered within the limit. */
  readonly attainment: number;
  /** The lowest attainment of a minute with at least 20 requests. */
  readonly worstMinute: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Seconds of replicas, from start to exit. */
  readonly replicaSeconds: number;
  readonly meanReplicas: number;
  readonly ups: number;
  readonly downs: number;
  /** Changes of direction within five minutes. */
  readonly flaps: number;
  readonly minutes: readonly Minute[];
}

/** A run as its results see it. */
export interface TalliedRun {
  readonly withinMs: number;
  readonly settleMs?: number | undefined;
  readonly trace: { readonly lastsMs: number };
}

const NOT_COUNTED = { answered() {}, refused() {} };

const MINUTE_MS = 60_000;
const FLAP_MS = 300_000;
const ENOUGH = 20;

class MinuteTally {
  offered = 0;
  inTime = 0;
  replicaMs = 0;
  readonly latencyMs = new Histogram();
}

/** Counts what happens in a run: requests by minute, and replicas from their start to their exit. */
export class ScalingTally {
  readonly #run: TalliedRun;
  readonly #version: VersionInService;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #settleMs: number;
  readonly #latencyMs = new Histogram();
  readonly #minutes: MinuteTally[];
  #offered = 0;
  #inTime = 0;
  #answered = 0;
  #refused = 0;
  #alive: number;
  #since: number;
  #replicaMs = 0;
  #isClosed = false;
  #ups = 0;
  #downs = 0;
  #flaps = 0;
  #lastChange: { readonly at: number; readonly isUp: boolean } | undefined;

  constructor(
    run: TalliedRun,
    version: VersionInService,
    { clock, startedAt }: { readonly clock: Clock; readonly startedAt: number },
  ) {
    this.#run = run;
    this.#version = version;
    this.#clock = clock;
    this.#startedAt = startedAt;
    this.#settleMs = run.settleMs ?? 0;
    this.#since = startedAt + this.#settleMs;
    const minutes = Math.max(1, Math.ceil(run.trace.lastsMs / MINUTE_MS));
    this.#minutes = Array.from({ length: minutes }, () => new MinuteTally());
    this.#alive = this.#count();
    version.supervisor.lifecycle.moved.on(() => this.#changed());
    version.supervisor.removed.on(() => this.#changed());
  }

  /** A request that arrives so long after the start. */
  arrived(atMs: number): { answered(tookMs: number): void; refused(): void } {
    if (atMs < this.#settleMs) return NOT_COUNTED;
    const minute = this.#minuteAt(atMs);
    this.#offered += 1;
    minute.offered += 1;
    return {
      answered: (tookMs) => {
        this.#answered += 1;
        this.#latencyMs.record(tookMs);
        minute.latencyMs.record(tookMs);
        if (tookMs > this.#run.withinMs + 1e-9) return;
        this.#inTime += 1;
        minute.inTime += 1;
      },
      refused: () => {
        this.#refused += 1;
      },
    };
  }

  scaled({ from, to }: Scaled): void {
    const [at, isUp] = [this.#clock.now(), to > from];
    if (at < this.#startedAt + this.#settleMs) return;
    if (isUp) this.#ups += 1;
    else this.#downs += 1;
    const before = this.#lastChange;
    if (before !== undefined && before.isUp !== isUp && at - before.at < FLAP_MS) this.#flaps += 1;
    this.#lastChange = { at, isUp };
  }

  /** The trace has ended: replicas are no longer paid for. */
  close(): void {
    this.#changed();
    this.#isClosed = true;
  }

  report(): ScalingReport {
    const { lastsMs } = this.#run.trace;
    const [offered, inTime] = [this.#offered, this.#inTime];
    const minutes = this.#minutes.map((minute) => ({
      ...{ offered: minute.offered, inTime: minute.inTime },
      replicas: minute.replicaMs / MINUTE_MS,
      p99Ms: minute.latencyMs.quantile(0.99),
    }));
    const busy = minutes.filter((minute) => minute.offered >= ENOUGH);
    return {
      ...{ offered, inTime, answered: this.#answered, refused: this.#refused },
      attainment: inTime / Math.max(1, offered),
      worstMinute: Math.min(1, ...busy.map((minute) => minute.inTime / minute.offered)),
      meanMs: this.#latencyMs.mean,
      p50Ms: this.#latencyMs.quantile(0.5),
      p99Ms: this.#latencyMs.quantile(0.99),
      replicaSeconds: this.#replicaMs / 1_000,
      meanReplicas: this.#replicaMs / (lastsMs - this.#settleMs),
      ...{ ups: this.#ups, downs: this.#downs, flaps: this.#flaps, minutes },
    };
  }

  #minuteAt(atMs: number): MinuteTally {
    const index = Math.min(Math.floor(atMs / MINUTE_MS), this.#minutes.length - 1);
    return this.#minutes[index] as MinuteTally;
  }

  #changed(): void {
    if (this.#isClosed) return;
    const now = this.#clock.now();
    this.#replicaMs += this.#alive * Math.max(0, now - this.#since);
    for (let from = this.#since; from < now; ) {
      const minute = Math.floor((from - this.#startedAt) / MINUTE_MS);
      const to = Math.min(now, this.#startedAt + (minute + 1) * MINUTE_MS);
      this.#minuteAt(from - this.#startedAt).replicaMs += this.#alive * (to - from);
      from = to;
    }
    this.#since = Math.max(this.#since, now);
    this.#alive = this.#count();
  }

  /** Replicas that are paid for: from their start to the exit of their process. */
  #count(): number {
    return this.#version.supervisor
      .replicas()
      .filter(({ state }) => state !== 'stopped' && state !== 'waiting').length;
  }
}

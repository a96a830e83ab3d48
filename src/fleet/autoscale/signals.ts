import type { ReplicaId } from '../../replica/replica.ts';
import type { ArrivalFacts, ScalingFacts, ServiceFacts } from '../../scaling/scaling-policy.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';
import type { LaneView } from '../../work/lane.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import { RecentLatency } from './recent-latency.ts';
import { ReplicaUse } from './replica-use.ts';
import { TickRing } from './tick-ring.ts';

/** Weight of one batch in the mean time of a row and in its variation. */
const BATCH_WEIGHT = 0.05;
/** Starts of replicas that are remembered. */
const STARTS = 20;
/** Windows of the rates. */
const RECENT_MS = [1_000, 4_000];
const LONG_MS = 60_000;
/** Window of what only checks the number, and of what a heartbeat reports: as long as that of Kubernetes. */
const STEADY_MS = 30_000;
const COMING: ReadonlySet<string> = new Set(['backoff', 'waiting', 'starting', 'warming']);

/** Collects what scaling depends on, from the events of one version. Costs a request a few additions. */
export class Signals {
  readonly #version: VersionInService;
  readonly #use: ReplicaUse;
  /** Durations of the last starts, in ms. */
  readonly #starts: number[] = [];
  readonly #startedAt = new Map<ReplicaId, number>();
  readonly #ticks: TickRing;
  readonly #latency: RecentLatency;
  readonly #stops: readonly (() => void)[];
  /** Rows that have arrived since the last tick. */
  #rows = 0;
  /** Rows of an average request. */
  #meanRows = 1;
  /** Moving means of the time of a row, of a batch, and of its square. */
  #rowMs: number | undefined;
  #batchMs = 0;
  #squareMs = 0;

  constructor(version: VersionInService, now: () => number) {
    this.#version = version;
    this.#ticks = new TickRing(now());
    this.#latency = new RecentLatency(now());
    this.#use = new ReplicaUse(version.supervisor, now);
    const { supervisor, path } = version;
    this.#stops = [
      version.arrived.on(({ facts }) => {
        this.#rows += facts.rows;
        this.#meanRows += BATCH_WEIGHT * (facts.rows - this.#meanRows);
      }),
      path.admission.refusedAtDoor.on(({ requests }) => {
        this.#rows += requests * this.#meanRows;
      }),
      path.dispatcher.batchEnded.on((ended) => this.#batchEnded(ended)),
      path.service.requestSettled.on(({ entry: { receivedAt, dispatchedAt }, settledAt }) => {
        if (dispatchedAt !== undefined)
          this.#latency.add(dispatchedAt - receivedAt, settledAt - dispatchedAt);
      }),
      supervisor.lifecycle.moved.on(({ replica, from, to }) => {
        if (to === 'starting') this.#startedAt.set(replica, now());
        const startedAt = this.#startedAt.get(replica);
        if (to === 'ready' && from === 'warming' && startedAt !== undefined) this.#started(now() - startedAt);
      }),
    ];
  }

  /** Time from the start of a replica to its readiness that one start in ten exceeds; 0 before the first. */
  get startMs(): number {
    const sorted = [...this.#starts].sort((a, b) => a - b);
    return sorted[Math.ceil(0.9 * sorted.length) - 1] ?? 0;
  }

  /** The facts of a tick, which ends the present interval of counting; `wanted` is the number it should have now. */
  take(now: number, wanted: number): ScalingFacts {
    const { path, supervisor, spec } = this.#version;
    const { softLimitBytes, hardLimitBytes } = spec.settings.health.memory;
    const states = supervisor.replicas().map(({ state }) => state);
    const count = (is: (state: string) => boolean) => states.filter(is).length;
    const { rows: queuedRows } = path.queue;
    const inFlightRowsNow = path.service.inFlight * this.#meanRows;
    this.#ticks.add({ at: now, rows: this.#rows, inFlightRows: inFlightRowsNow });
    this.#rows = 0;
    return {
      ...{ now, wanted },
      ready: count((state) => state === 'ready' || state === 'degraded'),
      coming: count((state) => COMING.has(state)),
      draining: count((state) => state === 'draining'),
      arrivals: this.#arrivals(now),
      service: this.#service(),
      queuedRows,
      oldestWaitMs: oldestWaitMs(path.queue.lanes(), now),
      inFlightRows: this.#ticks.meanInFlight(now, STEADY_MS),
      inFlightRowsNow,
      replicas: this.#use.facts(softLimitBytes ?? hardLimitBytes),
      startMs: this.startMs,
      latency: this.#latency.at(now),
    };
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#use.stop();
  }

  #started(tookMs: number): void {
    this.#starts.push(tookMs);
    if (this.#starts.length > STARTS) this.#starts.shift();
  }

  #arrivals(now: number): ArrivalFacts {
    const ticks = this.#ticks;
    return {
      rate60s: ticks.rate(now, LONG_MS),
      recent: RECENT_MS.map((windowMs) => ({ windowMs, rate: ticks.rate(now, windowMs) })),
      dispersion: ticks.dispersion(now),
      slope: ticks.slope(now),
    };
  }

  #service(): ServiceFacts {
    const { path, spec, loaded } = this.#version;
    const { latest } = path.roster.service;
    const lane = path.roster.service.latestLane ?? loaded?.lane ?? '';
    const target = path.planOf(lane)?.target;
    const bestRows = target?.rows ?? Math.max(1, path.findings.maxBatchSize);
    const bestRowMs = latest.isKnown ? latest.predictMs(bestRows) / bestRows : this.#rowMs;
    const { objective } = spec.settings;
    const meanMs = this.#batchMs;
    const variation = meanMs > 0 ? Math.max(0, this.#squareMs / (meanMs * meanMs) - 1) : 0;
    const oneMs = (bestRowMs ?? 0) * bestRows;
    const slowMs = oneMs * (1 + 1.645 * Math.sqrt(variation));
    return {
      ...{ rowMs: this.#rowMs, bestRowMs, bestRows, variation },
      waitBudgetMs: objective && Math.max(0, objective.latencyMs - slowMs),
    };
  }

  #batchEnded({ work, outcome, sentAt, endedAt, runsAtOnce }: BatchEnded): void {
    if (outcome.kind !== 'done' || isSynthetic(work.reason)) return;
    const tookMs = runsAtOnce ? endedAt - sentAt : outcome.computeMs;
    const rowMs = tookMs / work.rows;
    const weight = this.#rowMs === undefined ? 1 : BATCH_WEIGHT;
    this.#rowMs = (this.#rowMs ?? 0) + weight * (rowMs - (this.#rowMs ?? 0));
    this.#batchMs += weight * (tookMs - this.#batchMs);
    this.#squareMs += weight * (tookMs * tookMs - this.#squareMs);
  }
}

function oldestWaitMs(lanes: Iterable<LaneView>, now: number): number {
  let oldest = now;
  for (const { oldestReceivedAt } of lanes) oldest = Math.min(oldest, oldestReceivedAt);
  return now - oldest;
}

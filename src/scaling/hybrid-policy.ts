import { DownWindow } from './down-window.ts';
import { serversFor } from './erlang.ts';
import { inMs, inSeconds, perSecond, short } from './numbers-in-words.ts';
import type { Proposal, ScalingDecision, ScalingFacts, ScalingPolicy } from './scaling-policy.ts';
import { steadyRate, trendRate } from './traffic.ts';

/** Settings of the hybrid policy. */
export interface HybridSettings {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly targetCpuPercent: number;
  /** Memory asks for replicas only where this is set. */
  readonly targetMemoryPercent: number | undefined;
  /** Share of the rows that a replica can hold, which may be in flight. */
  readonly targetInFlight: number;
  /** A replica goes only when none was needed in addition for so long. */
  readonly downWindowMs: number;
  /** Shortest time between two replicas that go. */
  readonly downEveryMs: number;
}

/** Share of the time that replicas may be busy. */
const UTILIZATION = 0.85;
/** Share of requests that may wait longer than the objective allows. */
const LATE_SHARE = 0.01;
/** A signal within this distance of its target asks for no change, as in Kubernetes. */
const TOLERANCE = 0.1;
/** The shortest time in which a queue is worked off. */
const LEAST_CATCH_UP_MS = 1_000;
/** Waiting that is accepted where no objective says what is too long. */
const USUAL_WAIT_MS = 500;

/**
 * Scales by what the traffic needs: the rate of arrivals and the time of a row give the number of replicas that keeps the
 * objective, and queue, requests in flight and CPU check that number. The largest proposal wins. Up at once; down one at a
 * time, when the larger number was not needed for a while.
 */
export class HybridPolicy implements ScalingPolicy {
  readonly #settings: HybridSettings;
  readonly #wanted: DownWindow;
  #beganAt: number | undefined;
  #lastWanted = 0;
  #lastDownAt = Number.NEGATIVE_INFINITY;

  constructor(settings: HybridSettings) {
    this.#settings = settings;
    this.#wanted = new DownWindow(settings.downWindowMs);
  }

  decide(facts: ScalingFacts): ScalingDecision {
    const { maxReplicas } = this.#settings;
    const proposals = this.#proposals(facts);
    const winner = proposals.reduce((most, each) => (each.replicas > most.replicas ? each : most));
    const present = facts.wanted;
    // A policy that has just begun knows nothing of the time before.
    this.#beganAt ??= facts.now;
    const wanted = Math.min(winner.replicas, maxReplicas);
    const limit = winner.replicas > maxReplicas ? `maxReplicas is ${maxReplicas}` : '';
    this.#lastWanted = wanted;
    const standing = this.#wanted.add(facts.now, wanted);
    if (wanted > present) return { replicas: wanted, winner, proposals, limit };
    const replicas = { wanted, standing, present, beganAt: this.#beganAt };
    return this.#down(facts.now, replicas, { winner, proposals, limit });
  }

  /** When the next replica may go, if the traffic stays as it is; undefined when none is too many. */
  nextDownAt(present: number): number | undefined {
    const { fallsAt } = this.#wanted;
    const { downWindowMs, downEveryMs } = this.#settings;
    const isTooMany = present > this.#lastWanted;
    if (fallsAt === undefined || this.#beganAt === undefined || !isTooMany) return undefined;
    return Math.max(fallsAt, this.#beganAt + downWindowMs, this.#lastDownAt + downEveryMs);
  }

  #down(
    now: number,
    {
      wanted,
      standing,
      present,
      beganAt,
    }: Readonly<Record<'wanted' | 'standing' | 'present' | 'beganAt', number>>,
    decided: Omit<ScalingDecision, 'replicas'>,
  ): ScalingDecision {
    const { downWindowMs, downEveryMs } = this.#settings;
    // The minimum is one of the proposals, so the largest of them is never below it.
    if (standing >= present) {
      const isHeld = wanted < present;
      const limit = isHeld ? `${standing} were needed within ${inSeconds(downWindowMs)}` : '';
      return { ...decided, replicas: present, limit: decided.limit || limit };
    }
    if (now - beganAt < downWindowMs) {
      return {
        ...decided,
        replicas: present,
        limit: `nothing is known of the last ${inSeconds(downWindowMs)}`,
      };
    }
    if (now - this.#lastDownAt < downEveryMs) {
      return { ...decided, replicas: present, limit: `one replica goes every ${inSeconds(downEveryMs)}` };
    }
    this.#lastDownAt = now;
    return { ...decided, replicas: present - 1 };
  }

  #proposals(facts: ScalingFacts): readonly Proposal[] {
    const { minReplicas } = this.#settings;
    const minimum = {
      signal: 'minimum',
      replicas: minReplicas,
      because: `minReplicas is ${minReplicas}`,
    } as const;
    return [
      minimum,
      ...this.#byTraffic(facts),
      ...this.#byQueue(facts),
      ...this.#byInFlight(facts),
      ...this.#byCpu(facts),
      ...this.#byMemory(facts),
    ];
  }

  #byTraffic({ arrivals, service, startMs }: ScalingFacts): readonly Proposal[] {
    const { bestRowMs, bestRows, variation, waitBudgetMs } = service;
    if (bestRowMs === undefined) return [];
    const steady = steadyRate(arrivals);
    const rate = trendRate(arrivals, steady, startMs);
    const found: Proposal[] = [];
    const load = rate * bestRowMs;
    found.push({
      signal: rate > steady ? 'trend' : 'utilization',
      replicas: Math.ceil(load / UTILIZATION),
      because: `${perSecond(rate)} rows/s at ${inMs(bestRowMs)} a row keep ${load.toFixed(2)} replicas busy, of which each may be busy ${100 * UTILIZATION} %`,
    });
    // Where rows share batches, a fuller replica makes larger ones, and the batching policy keeps the objective.
    if (waitBudgetMs === undefined || bestRows > 1) return found;
    const variability = (arrivals.dispersion + variation) / 2;
    const { maxReplicas } = this.#settings;
    found.push({
      signal: 'objective',
      replicas: serversFor(
        { rate, serviceMs: bestRowMs, variability },
        waitBudgetMs,
        LATE_SHARE,
        maxReplicas + 1,
      ),
      because: `${perSecond(rate)} requests/s of ${inMs(bestRowMs)} each, of which 99 % may wait ${inMs(waitBudgetMs)} at most`,
    });
    return found;
  }

  #byQueue({ queuedRows, oldestWaitMs, service, arrivals, startMs }: ScalingFacts): readonly Proposal[] {
    const { waitBudgetMs = USUAL_WAIT_MS, bestRowMs } = service;
    if (bestRowMs === undefined || queuedRows === 0 || oldestWaitMs <= waitBudgetMs / 2) return [];
    const withinMs = Math.max(startMs, 2 * bestRowMs, LEAST_CATCH_UP_MS);
    const load = steadyRate(arrivals) * bestRowMs + (queuedRows * bestRowMs) / withinMs;
    return [
      {
        signal: 'queue',
        replicas: Math.ceil(load),
        because: `oldest request waited ${inMs(oldestWaitMs)} of ${inMs(waitBudgetMs)} allowed, ${queuedRows} rows wait`,
      },
    ];
  }

  #byInFlight({ inFlightRows, ready, service }: ScalingFacts): readonly Proposal[] {
    const { bestRows, waitBudgetMs } = service;
    // An objective tells how long requests may wait, and thereby how many may be in flight.
    if (ready === 0 || (waitBudgetMs !== undefined && bestRows === 1)) return [];
    // A replica that is always busy runs one batch while the next one gathers.
    const room = bestRows === 1 ? 1 : 2 * bestRows;
    const target = this.#settings.targetInFlight * room;
    const ratio = inFlightRows / (target * ready);
    return [
      {
        signal: 'in flight',
        replicas: scaled(ready, ratio),
        because: `${inFlightRows.toFixed(1)} rows in flight, ${short(target)} a replica wanted`,
      },
    ];
  }

  #byCpu({ replicas, ready, coming, service }: ScalingFacts): readonly Proposal[] {
    const { rowMs, bestRowMs } = service;
    // Small batches use CPU that larger ones would not need.
    const efficiency = rowMs === undefined || bestRowMs === undefined ? 1 : Math.min(1, bestRowMs / rowMs);
    const shares = known(replicas.map(({ isReady, cpuShare }) => (isReady ? cpuShare : undefined)));
    const percent = meanPercent(shares) * efficiency;
    const target = this.#settings.targetCpuPercent;
    return byShare('cpu', { percent, target, ready, coming, known: shares.length }, 'CPU');
  }

  #byMemory({ replicas, ready, coming }: ScalingFacts): readonly Proposal[] {
    const { targetMemoryPercent: target } = this.#settings;
    if (target === undefined) return [];
    const shares = known(replicas.map(({ isReady, memoryShare }) => (isReady ? memoryShare : undefined)));
    const percent = meanPercent(shares);
    return byShare('memory', { percent, target, ready, coming, known: shares.length }, 'memory');
  }
}

/** Kubernetes' formula: replicas without a measurement count as idle on the way up, and are no reason to shrink. */
function byShare(
  signal: 'cpu' | 'memory',
  {
    percent,
    target,
    ready,
    coming,
    known,
  }: Readonly<Record<'percent' | 'target' | 'ready' | 'coming' | 'known', number>>,
  what: string,
): readonly Proposal[] {
  if (known === 0 || ready === 0) return [];
  const because = `${what} is ${Math.round(percent)} %, ${target} % wanted`;
  const ratio = percent / target;
  if (ratio <= 1) return [{ signal, replicas: scaled(ready, ratio), because }];
  // Replicas of which nothing is known yet count as idle: they are what was asked for.
  const all = ready + coming;
  const replicas = Math.max(all, scaled(all, (ratio * known) / all));
  return [{ signal, replicas, because }];
}

function scaled(replicas: number, ratio: number): number {
  return Math.abs(ratio - 1) <= TOLERANCE ? replicas : Math.ceil(ratio * replicas);
}

function known(shares: readonly (number | undefined)[]): readonly number[] {
  return shares.filter((share) => share !== undefined);
}

function meanPercent(shares: readonly number[]): number {
  return (100 * shares.reduce((sum, each) => sum + each, 0)) / Math.max(1, shares.length);
}

import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { Scaled } from '../../fleet/autoscale/scaled-version.ts';
import { Scaler } from '../../fleet/autoscale/scaler.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { MachineBudget } from '../../scaling/machine-budget.ts';
import type { ScalingPolicy } from '../../scaling/scaling-policy.ts';
import type { Batch } from '../../work/batch.ts';
import { Entry } from '../../work/entry.ts';
import { TimedSpawner } from '../backends/timed-backend.ts';
import { SAME_ANSWERS, SIMULATED_METADATA, SIMULATED_REQUEST } from '../policies/simulated-model.ts';
import { type ScalingReport, ScalingTally } from './scaling-tally.ts';
import type { Trace } from './trace.ts';

/** One run of traffic against a version whose number of replicas is scaled. */
export interface ScalingRun {
  readonly seed: string;
  readonly trace: Trace;
  /** Settings of the model. */
  readonly settings: Readonly<Record<string, unknown>> & {
    readonly health?: object;
    readonly batching?: object;
  };
  /** Time of a batch, in ms. */
  readonly serviceMs: (batch: Batch, random: Random) => number;
  /** Time that a batch takes beside its computation, in ms; with it, a replica accepts the next batch while one runs. */
  readonly transportMs?: ((random: Random) => number) | undefined;
  /** Time from the start of a replica to its loaded model, in ms. */
  readonly startMs: (random: Random) => number;
  /** Limit from arrival to answer that counts as in time, in ms. */
  readonly withinMs: number;
  /** The first part of the trace is run and not counted: a trace begins abruptly, traffic does not. */
  readonly settleMs?: number | undefined;
  readonly budget?: MachineBudget;
  /** A policy other than the one in the settings. */
  readonly policy?: ScalingPolicy | undefined;
  readonly onScaled?: (scaled: Scaled, now: number) => void;
  /** Called now and then with the share of the trace that has run. */
  readonly onProgress?: (share: number) => void;
}

const NO_LIMIT: MachineBudget = { cores: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };
const STEP_MS = 10_000;

/** Sends a trace through the real scheduler, scaler and supervisor to replicas that only take time. */
export function runScaling(it: ScalingRun): ScalingReport {
  const clock = new VirtualClock();
  const random = seededRandom(it.seed);
  const [service, starts, transport] = ['service', 'starts', 'transport'].map((name) =>
    random.fork(name),
  ) as [Random, Random, Random];
  const spawner = new TimedSpawner(clock, {
    metadata: SIMULATED_METADATA,
    serviceMs: (batch) => it.serviceMs(batch, service),
    result: () => ({ kind: 'answer' }),
    startMs: () => it.startMs(starts),
    ...(it.transportMs && {
      credits: 2,
      deliver: (end) => void clock.at(clock.now() + (it.transportMs?.(transport) ?? 0), end, RANK.completion),
    }),
  });
  const { health, batching } = it.settings;
  const settings = ModelSettings.parse({
    ...it.settings,
    // However long starts take, and without checks, which cost a simulated replica time.
    health: { ...health, readiness: { enabled: false }, startupTimeoutMs: Number.MAX_SAFE_INTEGER },
    batching: { rows: 'independent', ...batching },
  });
  const spec = { model: 'm', version: '1', file: 'm', ownSample: [], settings };
  const version = new VersionInService(spec, { clock, random, spawner, comparator: SAME_ANSWERS });
  const { policy } = it;
  const scaler = new Scaler({
    ...{ clock, budget: it.budget ?? NO_LIMIT, isRollingOut: () => false },
    ...(policy && { makePolicy: () => policy }),
  });
  scaler.watch(version);
  version.start();
  while (version.state !== 'ready') clock.advance(1);
  const startedAt = clock.now();
  const tally = new ScalingTally(it, version, { clock, startedAt });
  scaler.scaled.on((scaled) => {
    tally.scaled(scaled);
    it.onScaled?.(scaled, clock.now() - startedAt);
  });
  const { arrivalsMs, rows, lastsMs } = it.trace;
  let index = 0;
  const arrive = () => {
    const now = clock.now();
    const request = tally.arrived(now - startedAt);
    const facts =
      rows === undefined ? SIMULATED_REQUEST : { ...SIMULATED_REQUEST, rows: rows[index] as number };
    const entry = version.admit({ facts, isDenied: false, isSuspect: false }, (outcome) => {
      if (isRefusal(outcome)) request.refused();
      else request.answered(clock.now() - now);
    });
    if (!(entry instanceof Entry)) request.refused();
    index += 1;
    if (index < arrivalsMs.length) clock.at(startedAt + (arrivalsMs[index] as number), arrive, RANK.arrival);
  };
  if (arrivalsMs.length > 0) clock.at(startedAt + (arrivalsMs[0] as number), arrive, RANK.arrival);
  while (clock.now() < startedAt + lastsMs) {
    clock.runUntil(Math.min(clock.now() + STEP_MS, startedAt + lastsMs));
    it.onProgress?.((clock.now() - startedAt) / lastsMs);
  }
  tally.close();
  scaler.stop();
  clock.advance(settings.timeoutMs + it.withinMs);
  return tally.report();
}

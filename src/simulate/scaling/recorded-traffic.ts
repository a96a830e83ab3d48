import type { Clock } from '../../base/clock.ts';
import { isRefusal, OperatorError } from '../../base/errors.ts';
import { Histogram } from '../../base/histogram.ts';
import type { Random } from '../../base/random.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Recording } from '../../observe/recorder/recording.ts';
import { ServiceTime } from '../../replica/service-time.ts';
import type { Batch } from '../../work/batch.ts';
import { isSynthetic } from '../../work/batch.ts';
import { replay } from '../replay/replay.ts';
import type { Trace } from './trace.ts';

/** The traffic of one version in a recording, and what was measured of it. */
export interface RecordedTraffic {
  readonly name: string;
  readonly settings: ModelSettings;
  readonly trace: Trace;
  /** Draws the time of a batch, in ms: the learned curve times a recorded deviation from it. */
  readonly serviceMs: (batch: Batch, random: Random) => number;
  /** Draws the time that a batch takes beside its computation: pipes, and what the gateway does meanwhile. */
  readonly transportMs: (random: Random) => number;
  /** Usual time from the start of a replica to its readiness, in ms. */
  readonly startMs: number;
  readonly measured: {
    readonly answered: number;
    readonly refused: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    /** Changes of the number of replicas. */
    readonly changes: number;
  };
}

interface Collected {
  readonly version: VersionInService;
  readonly arrivals: { readonly at: number; readonly rows: number }[];
  readonly batches: { readonly rows: number; readonly tookMs: number }[];
  readonly startsMs: number[];
  /** Times of batches beyond their computation, where they ran at once. */
  readonly transportsMs: number[];
  readonly latencyMs: Histogram;
  refused: number;
  changes: number;
}

/** Deviations are drawn in runs, because slow batches come in groups. */
const RUN = 20;

/**
 * Replays a recording to find what its versions received and how long their batches took. Throws an OperatorError for a
 * recording without requests, or one that cannot be replayed.
 */
export function recordedTraffic(recording: Recording, model: string | undefined): RecordedTraffic {
  const all: Collected[] = [];
  const { difference } = replay(recording, undefined, (version, clock) => all.push(collect(version, clock)));
  if (difference !== undefined) {
    throw new OperatorError(
      `the recording cannot be simulated: ${difference} (a larger recorder.maxBytes records longer)`,
    );
  }
  const busy = all.filter(
    ({ arrivals, version }) => arrivals.length > 0 && (model === undefined || version.spec.model === model),
  );
  const most = busy.reduce((a, b) => (b.arrivals.length > a.arrivals.length ? b : a), busy[0] as Collected);
  if (most === undefined) {
    const names = [...new Set(all.map(({ version }) => version.spec.model))].join(', ');
    throw new OperatorError(
      `the recording has no request${model === undefined ? '' : ` to '${model}'`}; its models: ${names}`,
    );
  }
  return trafficOf(most);
}

function collect(version: VersionInService, clock: Clock): Collected {
  const found: Collected = {
    ...{
      version,
      arrivals: [],
      batches: [],
      startsMs: [],
      transportsMs: [],
      latencyMs: new Histogram(),
      refused: 0,
      changes: 0,
    },
  };
  const now = () => clock.now();
  const startedAt = new Map<string, number>();
  version.arrived.on(({ facts }) => found.arrivals.push({ at: now(), rows: facts.rows }));
  // Refused from its headers: its rows were never read.
  version.doorway.knocked.on(() => {
    found.arrivals.push({ at: now(), rows: 1 });
    found.refused += 1;
  });
  version.path.dispatcher.batchEnded.on(({ work, outcome, sentAt, endedAt, runsAtOnce }) => {
    if (outcome.kind !== 'done' || isSynthetic(work.reason)) return;
    const { computeMs } = outcome;
    found.batches.push({ rows: work.rows, tookMs: computeMs });
    if (runsAtOnce) found.transportsMs.push(Math.max(0, endedAt - sentAt - computeMs));
  });
  version.path.service.requestSettled.on(({ entry, outcome, settledAt }) => {
    if (isRefusal(outcome)) found.refused += 1;
    else found.latencyMs.record(settledAt - entry.receivedAt);
  });
  version.path.service.turnedAway.on(() => {
    found.refused += 1;
  });
  version.commanded.on(({ kind }) => {
    if (kind === 'scale') found.changes += 1;
  });
  version.supervisor.lifecycle.moved.on(({ replica, from, to }) => {
    if (from === 'stopped' || from === 'backoff') startedAt.set(replica, now());
    const since = startedAt.get(replica);
    if (to === 'ready' && from === 'warming' && since !== undefined) found.startsMs.push(now() - since);
  });
  return found;
}

function trafficOf({
  version,
  arrivals,
  batches,
  startsMs,
  transportsMs,
  latencyMs,
  refused,
  changes,
}: Collected): RecordedTraffic {
  const { model, settings } = version.spec;
  const firstAt = arrivals[0]?.at ?? 0;
  const lastAt = arrivals.at(-1)?.at ?? 0;
  const sorted = [...startsMs].sort((a, b) => a - b);
  return {
    ...{ name: model, settings },
    trace: {
      name: model,
      arrivalsMs: Float64Array.from(arrivals, ({ at }) => at - firstAt),
      rows: Uint32Array.from(arrivals, ({ rows }) => rows),
      lastsMs: lastAt - firstAt + 1,
    },
    serviceMs: recordedLaw(batches),
    transportMs: (random) => transportsMs[Math.floor(random.unit() * transportsMs.length)] ?? 0,
    startMs: sorted[sorted.length >> 1] ?? 0,
    measured: {
      ...{ answered: latencyMs.count, refused, changes },
      p50Ms: latencyMs.quantile(0.5),
      p99Ms: latencyMs.quantile(0.99),
    },
  };
}

function recordedLaw(batches: Collected['batches']): RecordedTraffic['serviceMs'] {
  const curve = new ServiceTime();
  for (const { rows, tookMs } of batches) curve.observe(rows, tookMs);
  const ratios = batches.map(
    ({ rows, tookMs }) => tookMs / Math.max(curve.predictMs(rows), Number.MIN_VALUE),
  );
  let [at, left] = [0, 0];
  return ({ rows }, random) => {
    if (left === 0) [at, left] = [Math.floor(random.unit() * ratios.length), RUN];
    left -= 1;
    at += 1;
    return curve.predictMs(rows) * (ratios[at % ratios.length] ?? 1);
  };
}

import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { Histogram } from '../../base/histogram.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { checkModelSettings, mergeSettings } from '../../config/load-config.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { VersionSpec } from '../../fleet/version/version-spec.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import { INPUT, type RecordedEvent, type Recording } from '../../observe/recorder/recording.ts';
import { ServiceTime } from '../../replica/service-time.ts';
import { allocateArray, bytesOf } from '../../tensor/tensor.ts';
import { isSynthetic } from '../../work/batch.ts';
import { wellBehaved } from '../backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../backends/simulated-spawner.ts';
import { arrivedFacts } from './arrived-facts.ts';

/** Results of recorded traffic under given settings. */
export interface WhatIfReport {
  readonly requests: number;
  readonly answered: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rowsPerBatch: number;
}

/** Time for replicas to become ready before the first request, and for the last answers. */
const LEAD_MS = 1_000;
const TAIL_MS = 120_000;
/** As in real replicas, which accept the next batch while one runs. */
const CREDITS = 2;

/**
 * Sends the recorded arrivals of all versions to simulated replicas with the recorded service times, under the
 * recorded settings overridden by `changes`. Without faults and cancellations, it shows the effect of settings.
 * Throws a SettingsError when `changes` are invalid.
 */
export function whatIf(recording: Recording, changes: Readonly<Record<string, unknown>>): WhatIfReport {
  const latencies = new Histogram();
  let requests = 0;
  let refused = 0;
  let batches = 0;
  let rows = 0;
  recording.versions.forEach(({ spec, loaded }, index) => {
    const kept = JSON.parse(recording.texts[spec] ?? '{}') as VersionSpec;
    const metadata = JSON.parse(recording.texts[loaded] || '{}') as Partial<ModelMetadata>;
    const events = recording.events.filter(
      ({ version, kind }) => version === index && kind !== INPUT.VERSION,
    );
    const arrivals = events.filter(({ kind }) => kind === INPUT.ARRIVED);
    const [first] = arrivals;
    if (first === undefined) return;
    const clock = new VirtualClock();
    const settings = checkModelSettings(
      `settings of model '${kept.model}' as recorded, with --set`,
      mergeSettings(kept.settings as never, changes),
    );
    const { rows: declared } = settings.batching;
    const quiet = {
      ...settings,
      // Simulated replicas have no device: what counts is how long a batch took on the real ones.
      device: 'cpu',
      warmup: { ...settings.warmup, enabled: false },
      // A recording does not tell whether rows may share batches; unless excluded, it is assumed.
      batching: { ...settings.batching, rows: declared === 'auto' ? ('independent' as const) : declared },
    };
    const spawner = new SimulatedSpawner(clock, backendOf(metadata, events));
    const random = seededRandom(recording.seed);
    const version = new VersionInService({ ...kept, settings: quiet }, { clock, random, spawner });
    version.path.service.requestSettled.on(({ entry, outcome, settledAt }) => {
      if (isRefusal(outcome)) refused += 1;
      else latencies.record(settledAt - entry.receivedAt);
    });
    version.path.dispatcher.batchStarted.on(({ work }) => {
      if (isSynthetic(work.reason)) return;
      batches += 1;
      rows += work.rows;
    });
    version.start();
    for (const arrival of arrivals) {
      const arrive = () => {
        requests += 1;
        if (isRefusal(version.admit(arrivedOf(recording, arrival), () => {}))) refused += 1;
      };
      clock.at(LEAD_MS + arrival.at - first.at, arrive, RANK.arrival);
    }
    clock.runUntil(LEAD_MS + (arrivals.at(-1)?.at ?? 0) - first.at + TAIL_MS);
    version.stop('kill');
  });
  return {
    ...{ requests, refused, answered: latencies.count },
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    rowsPerBatch: batches === 0 ? 0 : rows / batches,
  };
}

function arrivedOf(recording: Recording, { a, b, flag, text, value }: RecordedEvent) {
  const lane = recording.texts[text] ?? '';
  // One byte stands for the input, because the simulated backend only counts rows.
  const inputs = [
    { name: 'x', datatype: 'UINT8' as const, shape: [a], data: bytesOf(allocateArray('UINT8', a)) },
  ];
  return {
    facts: arrivedFacts(flag, value, { lane, rows: a, bytes: b }, inputs),
    isDenied: false,
    isSuspect: false,
  };
}

/** Replicas with the service times of the recording. */
function backendOf(real: Partial<ModelMetadata>, events: readonly RecordedEvent[]) {
  const learned = new ServiceTime();
  for (const { kind, b, text, value } of events) {
    if (kind === INPUT.ENDED && text === 0) learned.observe(b, value);
  }
  const isBatched = real.inputs?.every(({ shape }) => shape[0] === -1) ?? true;
  const tensor = { name: 'x', datatype: 'UINT8', shape: [isBatched ? -1 : 1] } as const;
  const metadata = {
    ...{ platform: 'simulated', readsParameters: false },
    inputs: [tensor],
    outputs: [tensor],
  };
  return wellBehaved({
    metadata,
    credits: CREDITS,
    loadMs: 0,
    serviceMs: ({ rows }) => learned.predictMs(rows),
  });
}

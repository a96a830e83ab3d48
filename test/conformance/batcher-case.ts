import { isDeepStrictEqual } from 'node:util';
import { RANK } from '../../src/base/clock.ts';
import { isRefusal } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { ModelSettings } from '../../src/config/model-settings.ts';
import { VersionInService } from '../../src/fleet/version/version-in-service.ts';
import type { InferenceRequest } from '../../src/model/inference.ts';
import type { ModelMetadata } from '../../src/model/model-metadata.ts';
import { type SimulatedBehaviour, wellBehaved } from '../../src/simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../src/simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../src/tensor/tensor.ts';
import { Entry } from '../../src/work/entry.ts';

/** A case of explicit batching, in the format of the case files. */
export interface BatcherCase {
  readonly name: string;
  readonly config: {
    readonly batch_size: number;
    readonly max_wait_ms: number;
    readonly max_queue?: number;
    readonly request_timeout_ms?: number;
    readonly dedup?: boolean;
    readonly isolate?: string;
  };
  readonly arrivals_ms: readonly number[];
  readonly rows?: readonly number[];
  readonly keys?: readonly string[];
  readonly contents?: readonly string[];
  readonly bad?: readonly number[];
  readonly cancels?: readonly { readonly id: number; readonly at_ms: number }[];
  readonly service: { readonly alpha_ms: number; readonly beta_ms: number };
  readonly replicas: number;
  readonly expect: {
    readonly batches: readonly ExpectedBatch[];
    readonly rejected?: readonly number[];
    readonly expired?: readonly number[];
    readonly failed?: readonly number[];
    readonly coalesced?: readonly number[];
  };
}

interface ExpectedBatch {
  readonly at_ms: number;
  readonly size: number;
  readonly ids: readonly number[];
  readonly retry?: boolean;
}

const METADATA: ModelMetadata = {
  platform: 'simulated',
  inputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, -1] }],
  outputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, -1] }],
  readsParameters: false,
};
const NO_TIMEOUT_MS = 1e9;
/** Marks the data of a request whose batch throws. */
const BAD = 1;

/** Runs a case against the real queue, policy, dispatcher and supervisor; returns how the outcome differs. */
export function runBatcherCase(it: BatcherCase): string | undefined {
  const clock = new VirtualClock();
  const batches: ExpectedBatch[] = [];
  const spawner = new SimulatedSpawner(clock, behaviourOf(it));
  const version = new VersionInService(
    { model: 'case', version: '1', file: it.name, ownSample: [], settings: settingsOf(it) },
    { clock, random: seededRandom(it.name), spawner },
  );
  version.path.dispatcher.batchStarted.on(({ work, batch }) => {
    const ids = work.members.map((member) => Number(member.request.id));
    const sent = { at_ms: clock.now(), size: batch.rows, ids };
    batches.push(work.reason === 'bisect' ? { ...sent, retry: true } : sent);
  });
  version.start();

  const rejected: number[] = [];
  const expired: number[] = [];
  const failed: number[] = [];
  const coalesced: number[] = [];
  version.path.service.joined.on(({ request }) => coalesced.push(Number(request.id)));
  const entries = new Map<number, Entry>();
  it.arrivals_ms.forEach((atMs, id) => {
    const request = requestOf(it, id);
    const arrive = () => {
      const entry = version.submit(request, (outcome) => {
        if (!isRefusal(outcome)) return;
        if (outcome.reason === 'DEADLINE_QUEUED') expired.push(id);
        else if (outcome.reason === 'MODEL_ERROR') failed.push(id);
      });
      if (entry instanceof Entry) entries.set(id, entry);
      else rejected.push(id);
    };
    clock.at(atMs, arrive, RANK.arrival);
  });
  for (const { id, at_ms } of it.cancels ?? []) {
    const cancel = () => {
      const entry = entries.get(id);
      if (entry !== undefined) version.cancel(entry);
    };
    clock.at(at_ms, cancel, RANK.cancel);
  }
  clock.runUntil(1e6);

  return difference(it, { batches, rejected, expired, failed, coalesced });
}

function behaviourOf({ service }: BatcherCase): SimulatedBehaviour {
  const serviceMs = ({ rows }: { readonly rows: number }) => service.alpha_ms + service.beta_ms * rows;
  return {
    ...wellBehaved({ metadata: METADATA, credits: 1, loadMs: 0, serviceMs }),
    result: ({ inputs }) => {
      const bytes = inputs.flatMap(({ data }) => data.chunks.flatMap((chunk) => [...chunk]));
      return bytes.includes(BAD) ? { kind: 'throw', message: 'bad' } : { kind: 'answer' };
    },
  };
}

function settingsOf({ config, replicas }: BatcherCase): ModelSettings {
  return ModelSettings.parse({
    replicas,
    batching: { rows: 'independent', maxBatchSize: config.batch_size, maxWaitMs: config.max_wait_ms },
    // The cases have one limit for both: a request of more rows than a batch is refused.
    queue: { maxRows: config.max_queue ?? 1024, maxRequestRows: config.batch_size },
    balancing: { strategy: 'least-connections' },
    warmup: { enabled: false },
    health: { readiness: { enabled: false }, watchdogMs: NO_TIMEOUT_MS },
    timeoutMs: config.request_timeout_ms ?? NO_TIMEOUT_MS,
    singleFlight: config.dedup ?? false,
  });
}

/** The lane of a case is the length of its rows. */
function requestOf(it: BatcherCase, id: number): InferenceRequest {
  const rows = it.rows?.[id] ?? 1;
  const width = 1 + [...new Set(it.keys)].indexOf(it.keys?.[id] ?? '') + 1;
  // Contents are numbered from the mark of failing requests plus 1; without contents all are equal.
  const content =
    it.contents === undefined ? 0 : BAD + 1 + [...new Set(it.contents)].indexOf(it.contents[id] ?? '');
  const data = bytesOf(new Uint8Array(rows * width).fill(it.bad?.includes(id) ? BAD : content));
  const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape: [rows, width], data }];
  return { id: String(id), inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
}

function difference(it: BatcherCase, got: Required<BatcherCase['expect']>): string | undefined {
  const { expect } = it;
  for (const key of ['batches', 'rejected', 'expired', 'failed', 'coalesced'] as const) {
    const wanted = expect[key] ?? [];
    const came = key === 'batches' ? got.batches : [...got[key]].sort((a, b) => a - b);
    if (!isDeepStrictEqual(came, wanted)) {
      return `${key}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(came)}`;
    }
  }
  return undefined;
}

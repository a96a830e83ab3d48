import { RealClock } from '../../base/clock.ts';
import { OperatorError } from '../../base/errors.ts';
import { seededRandom } from '../../base/random.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { SyntheticRun } from '../../fleet/monitor/synthetic-run.ts';
import type { LoadedVersion } from '../../fleet/version/loaded-version.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import { ProcessSpawner } from '../../process/gateway-side/spawner.ts';
import type { ProfiledSize } from '../../replica/service-time.ts';
import { mayMerge } from '../../warmup/row-independence.ts';
import type { Member } from '../../work/batch.ts';
import { whenStopped } from '../machine/when-stopped.ts';
import { loadOrderOf } from '../models/load-order.ts';
import type { ServedModel } from '../models/served-models.ts';
import { processPorts } from './process-ports.ts';

/** One combination to measure. */
export interface Trial {
  readonly replicas: number;
  readonly threads: number;
  /** Batches that take longer are useless, in ms; larger sizes are not measured. */
  readonly limitMs: number;
  /** Scheduling niceness of the processes; default: that of the model. */
  readonly nice?: number;
  /** Ends the measurement early. */
  readonly signal?: AbortSignal;
}

const COLD_ROUNDS = 2;
const ROUNDS = 6;
/** Limit of the time for one combination. */
const MAX_TRIAL_MS = 15_000;

/**
 * Measures the service time of each batch size, in ms, while all replicas run at once: they share caches, memory and
 * cores, so a single replica is faster. Sizes run in turn, so that disturbances of the machine affect them alike.
 * Rejects with an OperatorError, also when it is aborted; no process is left behind.
 */
export async function measureReplicas(served: ServedModel, trial: Trial): Promise<readonly ProfiledSize[]> {
  const { replicas, threads, limitMs, nice = served.settings.process.nice, signal } = trial;
  const settings = ModelSettings.parse({
    ...served.settings,
    ...{ replicas, threads, goal: 'latency', autoscaling: undefined },
    // Every size that fits in memory is measured: the limit decides which are useful.
    objective: { latencyMs: Number.MAX_SAFE_INTEGER },
    batching: { maxBatchSize: served.settings.batching.maxBatchSize, rows: served.settings.batching.rows },
    // Only the warmup runs that find an input.
    warmup: { ...served.settings.warmup, budgetMs: 0 },
    health: { readiness: { enabled: false } },
    process: { ...served.settings.process, nice },
  });
  const spec = { ...served, settings };
  const clock = new RealClock();
  const spawner = new ProcessSpawner(loadOrderOf(spec), () => {}, processPorts(settings, clock));
  const random = seededRandom('plan');
  const version = new VersionInService(spec, { clock, random, spawner });
  const abort = () => version.stop('kill');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    version.start();
    await whenAllReady(version);
    const { loaded } = version;
    if (loaded?.inputs.chosen === undefined) {
      throw new OperatorError(
        `model '${served.model}' accepts no generated input: set warmup.sample to a file with an input that it accepts`,
      );
    }
    return await new Rounds(version, loaded, limitMs).run();
  } finally {
    signal?.removeEventListener('abort', abort);
    version.stop('kill');
    await whenStopped(version.supervisor);
  }
}

/** Runs every size on every replica, in several rounds. */
class Rounds {
  readonly #version: VersionInService;
  readonly #loaded: LoadedVersion;
  readonly #limitMs: number;

  constructor(version: VersionInService, loaded: LoadedVersion, limitMs: number) {
    this.#version = version;
    this.#loaded = loaded;
    this.#limitMs = limitMs;
  }

  async run(): Promise<readonly ProfiledSize[]> {
    const tookMs = new Map<number, number[]>();
    const { rowIndependence, maxBatchSize } = this.#loaded;
    const largest = rowIndependence !== undefined && mayMerge(rowIndependence) ? maxBatchSize : 1;
    for (let size = 1; size <= largest; size *= 2) {
      for (let round = 0; round < COLD_ROUNDS; round++) await this.#all(size);
      tookMs.set(size, []);
      if (Math.min(...(await this.#all(size))) > this.#limitMs) break;
    }
    const startedAt = performance.now();
    for (let round = 0; round < ROUNDS && performance.now() - startedAt < MAX_TRIAL_MS; round++) {
      for (const [size, times] of tookMs) times.push(...(await this.#all(size)));
    }
    return [...tookMs].map(([rows, times]) => ({ rows, tookMs: times }));
  }

  /** One batch on every replica at the same time. */
  async #all(size: number): Promise<number[]> {
    const rows = this.#loaded.inputs.chosen ?? [];
    const members = Array.from({ length: size }, (_, index) => rows[index % rows.length] as Member);
    return Promise.all(
      this.#version.supervisor.replicas().map(async ({ replica }) => this.#one(replica, members)),
    );
  }

  async #one(replica: string, members: readonly Member[]): Promise<number> {
    const { path } = this.#version;
    return new Promise((resolve, reject) => {
      const run = new SyntheticRun('warmup', members, (outcome) => {
        if (outcome.kind === 'done') resolve(outcome.computeMs);
        else if (outcome.kind === 'threw') reject(new OperatorError(`the model failed: ${outcome.message}`));
        else reject(new OperatorError(`a replica ended during the measurement: ${outcome.detail}`));
      });
      path.pinned.add(replica, run);
      path.dispatcher.wake();
    });
  }
}

async function whenAllReady(version: VersionInService): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    version.supervisor.lifecycle.moved.on(() => {
      const states = version.supervisor.replicas().map(({ state }) => state);
      if (states.every((state) => state === 'stopped'))
        reject(new OperatorError('the measurement was ended'));
      else if (states.every((state) => state === 'ready')) resolve();
    });
    version.stateChanged.on((state) => {
      if (state === 'failed')
        reject(new OperatorError(`${version.name} cannot be served: ${version.failure}`));
    });
  });
}

import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import { Histogram } from '../../base/histogram.ts';
import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { ProfiledSize } from '../../replica/service-time.ts';
import { chooseThreads, type MeasuredThreads } from '../../scaling/threads-policy.ts';
import type { ServedModel } from '../models/served-models.ts';
import { measureReplicas } from './measure-replicas.ts';

/** Niceness of measurements: they run beside the replicas that serve. */
const BESIDE_TRAFFIC = 10;

/** Dependencies of {@link ThreadChoice}. */
export interface ThreadChoicePorts {
  readonly log: Logger;
  readonly scaler: Scaler;
}

/** Measures models with `threads: auto` one after the other, each once it is ready, and resizes their replicas. */
export class ThreadChoice {
  readonly #ports: ThreadChoicePorts;
  #queue: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();

  constructor(ports: ThreadChoicePorts) {
    this.#ports = ports;
  }

  /** Measures this version when it is ready, if its settings leave the threads to the server. */
  watch(version: VersionInService, served: ServedModel): void {
    if (served.settings.threads !== 'auto') return;
    const stop = version.stateChanged.on((state) => {
      if (state !== 'ready') return;
      stop();
      this.#queue = this.#queue.then(async () => this.#measure(version, served));
    });
  }

  /** Ends a measurement; resolves when no process of it is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#queue;
  }

  async #measure(version: VersionInService, served: ServedModel): Promise<void> {
    const { log, scaler } = this.#ports;
    const { signal } = this.#stopping;
    const { model } = served;
    const latencyMs = served.settings.objective?.latencyMs;
    const measured: MeasuredThreads[] = [];
    try {
      const cores = Math.max(1, Math.floor(scaler.budget.cores));
      const limitMs = latencyMs ?? Number.POSITIVE_INFINITY;
      for (let threads = 1; threads <= cores; threads *= 2) {
        if (signal.aborted || version.state !== 'ready') return;
        const trial = { replicas: 1, threads, limitMs, nice: BESIDE_TRAFFIC, signal };
        measured.push(summary(threads, await measureReplicas(served, trial)));
      }
    } catch (caught) {
      if (signal.aborted) return;
      log.warn(
        { model, error: messageOf(caught) },
        'threads: auto could not be measured: its replicas keep one thread',
      );
      return;
    }
    const threads = chooseThreads(measured, latencyMs);
    log.info({ model, threads, measured }, 'threads measured');
    if (!signal.aborted) scaler.resize(version, threads);
  }
}

function summary(threads: number, sizes: readonly ProfiledSize[]): MeasuredThreads {
  const times = sizes.map(({ rows, tookMs }) => ({ rows, ms: histogramOf(tookMs) }));
  return {
    threads,
    rate: Math.max(...times.map(({ rows, ms }) => rows / ms.quantile(0.5))),
    oneRowMs: times[0]?.ms.quantile(0.95) ?? 0,
  };
}

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

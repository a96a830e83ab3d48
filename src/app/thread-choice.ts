import type { Logger } from 'pino';
import { messageOf } from '../base/errors.ts';
import type { Scaler } from '../fleet/autoscale/scaler.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import type { ProfiledSize } from '../replica/service-time.ts';
import { chooseThreads, type MeasuredThreads } from '../scaling/threads-policy.ts';
import { grantedCores } from './cores.ts';
import { measureReplicas } from './measure-replicas.ts';
import type { ServedModel } from './served-models.ts';

/** Dependencies of {@link ThreadChoice}. */
export interface ThreadChoicePorts {
  readonly log: Logger;
  readonly scaler: Scaler;
}

/** Measures models with `threads: auto` one after the other, each once it is ready, and resizes their replicas. */
export class ThreadChoice {
  readonly #ports: ThreadChoicePorts;
  #queue: Promise<void> = Promise.resolve();
  #isStopped = false;

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

  /** Measures no further; resolves when no process of a measurement is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#queue;
  }

  async #measure(version: VersionInService, served: ServedModel): Promise<void> {
    const { log, scaler } = this.#ports;
    const { model } = served;
    const latencyMs = served.settings.objective?.latencyMs;
    const measured: MeasuredThreads[] = [];
    try {
      for (let threads = 1; threads <= Math.max(1, grantedCores()); threads *= 2) {
        if (this.#isStopped || version.state !== 'ready') return;
        const limitMs = latencyMs ?? Number.POSITIVE_INFINITY;
        measured.push(summary(threads, await measureReplicas(served, { replicas: 1, threads, limitMs })));
      }
    } catch (caught) {
      log.warn(
        { model, error: messageOf(caught) },
        'threads: auto could not be measured: its replicas keep one thread',
      );
      return;
    }
    const threads = chooseThreads(measured, latencyMs);
    log.info({ model, threads, measured }, 'threads measured');
    if (!this.#isStopped) scaler.resize(version, threads);
  }
}

function summary(threads: number, sizes: readonly ProfiledSize[]): MeasuredThreads {
  const rates = sizes.map(({ rows, tookMs }) => rows / Math.max(quantile(tookMs, 0.5), Number.MIN_VALUE));
  return { threads, rate: Math.max(...rates), oneRowMs: quantile(sizes[0]?.tookMs ?? [], 0.95) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

import type { Clock, Timer } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import { guarded } from '../../base/mistake.ts';
import { chooseEvicted } from '../../scaling/eviction-policy.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import { placementsOf } from '../version/version-spec.ts';
import type { Scaled } from './scaled-version.ts';

/** Dependencies of {@link Evictor}. */
export interface EvictorPorts {
  readonly clock: Clock;
  /** Memory that the replicas of all models may hold together. */
  readonly budgetBytes: number;
  /** All versions that hold memory. */
  readonly loaded: () => readonly VersionInService[];
  /** Whether its number of replicas is not to change: it is being rolled out, or an operator has set the number. */
  readonly isFixed: (version: VersionInService) => boolean;
}

const TICK_MS = 1_000;
/** A model is not unloaded before it has been without a request for so long. */
const IDLE_MS = 1_000;
/** After this time a request counts half as much. */
const HALF_LIFE_MS = 60_000;
const MEBIBYTE = 2 ** 20;

/** What is known of the use of one version. */
interface Use {
  uses: number;
  countedAt: number;
  lastAt: number;
  startedAt: number;
  reloadMs: number;
  readonly stops: readonly (() => void)[];
}

/**
 * Unloads models that allow it when the replicas of all models hold more memory than they may, and loads each again when
 * a request for it arrives. The request waits in the queue, within its bounds and its deadline.
 */
export class Evictor {
  readonly scaled = new Event<Scaled>();
  readonly #ports: EvictorPorts;
  readonly #uses = new Map<VersionInService, Use>();
  #timer: Timer | undefined;

  constructor(ports: EvictorPorts) {
    this.#ports = ports;
  }

  /** Looks after a version whose settings allow it to be unloaded. */
  watch(version: VersionInService): void {
    if (!version.spec.settings.evictable) return;
    const now = this.#ports.clock.now();
    const { arrived, supervisor } = version;
    const use: Use = {
      ...{ uses: 0, countedAt: now, lastAt: now, startedAt: now, reloadMs: 0 },
      stops: [
        arrived.on(() => this.#used(version, use)),
        supervisor.lifecycle.moved.on(({ to }) => {
          if (to === 'starting') use.startedAt = this.#ports.clock.now();
          else if (to === 'ready') use.reloadMs = this.#ports.clock.now() - use.startedAt;
        }),
      ],
    };
    this.#uses.set(version, use);
    this.#arm();
  }

  forget(version: VersionInService): void {
    for (const stop of this.#uses.get(version)?.stops ?? []) stop();
    this.#uses.delete(version);
  }

  stop(): void {
    this.#timer?.cancel();
    for (const version of [...this.#uses.keys()]) this.forget(version);
  }

  #used(version: VersionInService, use: Use): void {
    const now = this.#ports.clock.now();
    this.#age(use, now);
    use.uses += 1;
    use.lastAt = now;
    if (version.supervisor.wanted > 0 || version.state !== 'ready') return;
    this.#scale(version, version.spec.settings.replicas, 'a request arrived while it was unloaded');
  }

  /** Halves what was counted for every half-life that has passed. */
  #age(use: Use, now: number): void {
    for (; now - use.countedAt >= HALF_LIFE_MS; use.countedAt += HALF_LIFE_MS) use.uses /= 2;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#uses.size === 0) return;
    const { clock } = this.#ports;
    this.#timer = clock.at(clock.now() + TICK_MS, () => {
      this.#timer = undefined;
      guarded('the evictor', () => this.#tick());
      this.#arm();
    });
  }

  #tick(): void {
    const { clock, budgetBytes, loaded, isFixed } = this.#ports;
    const now = clock.now();
    const usedBytes = loaded().reduce((sum, version) => sum + residentBytes(version), 0);
    if (usedBytes <= budgetBytes) return;
    const candidates = [...this.#uses].flatMap(([version, use]) => {
      this.#age(use, now);
      const isIdle = version.isIdle && now - use.lastAt >= IDLE_MS;
      const isUnloadable = version.isReady && version.supervisor.wanted > 0 && !isFixed(version);
      if (!isIdle || !isUnloadable) return [];
      const { uses, reloadMs } = use;
      return [{ version, name: version.name, bytes: residentBytes(version), uses, reloadMs }];
    });
    const chosen = new Set(chooseEvicted(candidates, usedBytes - budgetBytes));
    const mib = (bytes: number) => `${Math.round(bytes / MEBIBYTE)} MiB`;
    for (const each of candidates.filter((candidate) => chosen.has(candidate))) {
      this.#scale(
        each.version,
        0,
        `the replicas of all models hold ${mib(usedBytes)} of ${mib(budgetBytes)}, and it is used least for its size`,
      );
    }
  }

  #scale(version: VersionInService, replicas: number, because: string): void {
    const from = version.supervisor.wanted;
    version.scale(placementsOf(version.spec.settings, replicas));
    const winner = { signal: 'memory', replicas, because } as const;
    this.scaled.emit({
      version,
      from,
      to: replicas,
      winner,
      proposals: [winner],
      limit: '',
      facts: undefined,
    });
  }
}

function residentBytes({ supervisor }: VersionInService): number {
  return supervisor.replicas().reduce((sum, { heartbeat }) => sum + (heartbeat?.rssBytes ?? 0), 0);
}

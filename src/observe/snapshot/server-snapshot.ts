import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { Rollout } from '../../fleet/catalog/rollout.ts';
import type { ServerHealth } from '../../fleet/catalog/server-health.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Alerts } from '../alerts/alerts.ts';
import type { RouteSnapshot } from './route-snapshot.ts';
import { versionSnapshot } from './version-snapshot.ts';

/** Request bodies and connections of clients. What was refused is counted by reason. */
export interface NetworkSnapshot {
  readonly bodies: {
    readonly bytes: number;
    readonly count: number;
    readonly refused: Readonly<Record<string, number>>;
    /** The holders of the most bytes. */
    readonly holders: readonly { readonly name: string; readonly bytes: number }[];
  };
  readonly connections: {
    readonly count: number;
    readonly refused: Readonly<Record<string, number>>;
    /** Connections lost to a full listen queue, of the whole network namespace; undefined where the system does not tell. */
    readonly listenOverflows: number | undefined;
  };
}

/** The parts of the server that a snapshot shows. */
export interface SnapshotPorts {
  readonly catalog: { readonly registry: ModelRegistry; rollouts(): readonly Rollout[] };
  readonly health: Pick<ServerHealth, 'phase'>;
  readonly scaler: Pick<Scaler, 'of' | 'budget'>;
  readonly operations: {
    readonly alerts: Pick<Alerts, 'active'>;
    /** Alerts that were not delivered and decisions that were not written. */
    readonly dropped: { readonly alerts: number; readonly decisions: number };
    /** Contained internal errors, by the place where they were caught. */
    readonly internalErrors: ReadonlyMap<string, number>;
    /** Converts a monotonic time to wall-clock time, in ms. */
    wallMs(at: number): number;
  };
  readonly network: () => NetworkSnapshot;
  readonly routes: () => readonly RouteSnapshot[];
}

/** The whole server at one moment, as plain data: what the admin API and the gauges of the metrics show. */
export type ServerSnapshot = ReturnType<Snapshots['take']>;

/** Takes snapshots of the server. */
export class Snapshots {
  readonly #ports: SnapshotPorts;

  constructor(ports: SnapshotPorts) {
    this.#ports = ports;
  }

  take() {
    const { catalog, health, operations, network } = this.#ports;
    return {
      phase: health.phase,
      models: catalog.registry.models().map((name) => this.ofModel(name)),
      /** Versions that were replaced or removed and finish their requests. */
      draining: catalog.registry.draining().map((version) => this.ofVersion(version)),
      /** Versions that load to take the place of others. */
      rollouts: catalog.rollouts().map(({ old, new: version }) => {
        return { model: version.spec.model, from: old?.spec.version ?? null, to: this.ofVersion(version) };
      }),
      /** What the replicas of all models may use, and the cores that their threads use. */
      machine: { ...this.#ports.scaler.budget, usedCores: this.#usedCores() },
      alerts: this.alerts(),
      routes: this.#ports.routes(),
      ...{ dropped: operations.dropped, internalErrors: operations.internalErrors, network: network() },
    };
  }

  ofModel(name: string) {
    const versions = this.#ports.catalog.registry.versionsOf(name);
    return { name, versions: versions.map((version) => this.ofVersion(version)) };
  }

  ofVersion(version: VersionInService) {
    return versionSnapshot(version, this.#ports.scaler.of(version), (at) => this.#moment(at));
  }

  alerts() {
    const active = this.#ports.operations.alerts.active();
    return active.map(({ startedAt, ...alert }) => ({ ...alert, since: this.#moment(startedAt) }));
  }

  #usedCores(): number {
    const versions = this.#ports.catalog.registry.all();
    const threads = versions.flatMap(({ supervisor }) =>
      supervisor.replicas().map(({ placement }) => placement.threads),
    );
    return threads.reduce((sum, each) => sum + each, 0);
  }

  #moment(at: number): string {
    return new Date(this.#ports.operations.wallMs(at)).toISOString();
  }
}

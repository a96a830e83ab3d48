import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import { firstReplicas, placementsOf, type VersionSpec } from '../version/version-spec.ts';
import { ModelRegistry } from './model-registry.ts';

/** Dependencies of {@link Catalog}. */
export interface CatalogPorts<Spec extends VersionSpec> {
  readonly clock: Clock;
  /** Makes a version, which is not started. */
  readonly make: (spec: Spec) => VersionInService;
  /** Identifies the contents of the model's files as they are now; undefined when they cannot be read. */
  readonly artefactOf: (spec: Spec) => string | undefined;
  /** How long a version that was replaced may finish its requests, before it is killed with them. */
  readonly gracePeriodMs: number;
}

/** How a rollout ended. */
export type RolledOut =
  | { readonly kind: 'done'; readonly version: VersionInService }
  /** The new version failed; the old one continues to serve. */
  | { readonly kind: 'kept'; readonly version: VersionInService; readonly reason: string };

/** A version that loads and warms up to take the place of another one, which serves meanwhile. */
export interface Rollout {
  readonly old: VersionInService;
  readonly new: VersionInService;
}

interface RolloutUnderWay extends Rollout {
  readonly ended: (result: RolledOut) => void;
}

/** Interval of the check whether a version that was replaced is idle. */
const LOOK_EVERY_MS = 20;

/** Owns all versions: what is to be served against what is served, the rollouts that are under way, and their end. */
export class Catalog<Spec extends VersionSpec> {
  readonly registry = new ModelRegistry();
  /** A version that was stopped has no process left. */
  readonly ended = new Event<VersionInService>();
  /** A new version takes the place of an old one. */
  readonly switched = new Event<Rollout>();
  readonly #ports: CatalogPorts<Spec>;
  #rollouts: readonly RolloutUnderWay[] = [];
  /** Versions that are in no registry: new ones of rollouts, until they are switched in or have ended. */
  readonly #outside = new Set<VersionInService>();
  #isStopping = false;

  constructor(ports: CatalogPorts<Spec>) {
    this.#ports = ports;
  }

  rollouts(): readonly Rollout[] {
    return this.#rollouts;
  }

  /** Adds a version to those that are served. */
  add(version: VersionInService): void {
    this.#watch(version);
    this.registry.add(version);
  }

  /** Makes a version and adds it. */
  open(spec: Spec): VersionInService {
    const version = this.#ports.make(spec);
    this.add(version);
    return version;
  }

  /**
   * Swaps each served version whose file or settings have changed. Returns what only a restart would change. `rolledOut`
   * is called once for each swap, unless the server stops before.
   */
  apply(
    desired: readonly Spec[],
    rolledOut: (spec: Spec, result: RolledOut) => void,
  ): { readonly added: readonly Spec[]; readonly removed: readonly VersionInService[] } {
    const served = this.registry.all();
    const isOf = ({ model, version }: Spec, { spec }: VersionInService) =>
      spec.model === model && spec.version === version;
    for (const spec of desired) {
      const old = served.find((version) => isOf(spec, version));
      if (old === undefined || !this.#hasChanged(old, spec)) continue;
      this.swap(old, spec, (result) => rolledOut(spec, result));
    }
    return {
      added: desired.filter((spec) => !served.some((version) => isOf(spec, version))),
      removed: served.filter((version) => !desired.some((spec) => isOf(spec, version))),
    };
  }

  /**
   * Replaces a version of a model by another one without losing a request: the new one loads and warms up while the old
   * one serves; then the new one gets all new requests, and the old one finishes its requests and ends. A later swap of the
   * same version cancels this one.
   */
  swap(old: VersionInService, spec: Spec, ended: (result: RolledOut) => void): void {
    const version = this.#ports.make(spec);
    this.#watch(version);
    for (const rollout of this.#rollouts.filter((other) => other.old === old)) {
      this.#keep(rollout, 'a later reload took its place');
    }
    const rollout = { old, new: version, ended };
    this.#rollouts = [...this.#rollouts, rollout];
    this.#outside.add(version);
    const stop = version.stateChanged.on((state) => {
      if (state === 'starting') return;
      stop();
      // Deferred: the new version must not be called from within its own event.
      this.#ports.clock.endOfTurn(() => {
        if (!this.#rollouts.includes(rollout)) return;
        if (state === 'ready') this.#switch(rollout);
        else this.#keep(rollout, version.failure);
      });
    });
    version.start();
    // It takes over the traffic of the old one at once.
    const { settings } = spec;
    const replicas = Math.min(old.supervisor.wanted, settings.autoscaling?.maxReplicas ?? 0);
    if (replicas > firstReplicas(settings)) version.scale(placementsOf(settings, replicas));
  }

  /**
   * The first of these that is not served yet takes the place of the version, the others are served too; without any, the
   * version ends. `done` gets the reason when the version has to stay.
   */
  replace(old: VersionInService, specs: readonly Spec[], done: (whyNot: string | undefined) => void): void {
    const versions = this.registry.versionsOf(old.spec.model).filter((other) => other !== old);
    const isServed = ({ version }: Spec) => versions.some(({ spec }) => spec.version === version);
    const [first, ...others] = specs.filter((spec) => !isServed(spec));
    if (first === undefined) {
      this.registry.remove(old);
      this.#retire(old);
      done(undefined);
      return;
    }
    this.swap(old, first, (result) => {
      if (result.kind === 'done') for (const spec of others) this.open(spec).start();
      done(result.kind === 'kept' ? result.reason : undefined);
    });
  }

  /** Ends every version, those of rollouts included; no rollout ends after this. May be called again with `kill`. */
  stop(how: 'drain' | 'kill'): void {
    this.#isStopping = true;
    this.#rollouts = [];
    for (const version of this.#versions()) version.stop(how);
  }

  /** Whether no process of any version is left. */
  get isStopped(): boolean {
    return this.#versions().every(({ supervisor }) => supervisor.isStopped);
  }

  #versions(): VersionInService[] {
    return [...this.registry.all(), ...this.registry.draining(), ...this.#outside];
  }

  #watch(version: VersionInService): void {
    version.supervisor.ended.on(() => {
      if (version.state === 'stopping') this.#forget(version);
    });
  }

  /** Forgets a version that is served no more, when its last process has ended. */
  #forget(version: VersionInService): void {
    if (!version.supervisor.isStopped) return;
    const wasOutside = this.#outside.delete(version);
    if (wasOutside || this.registry.draining().includes(version)) this.registry.forget(version);
    this.ended.emit(version);
  }

  #hasChanged(version: VersionInService, desired: Spec): boolean {
    const { spec, loaded } = version;
    const compared = ({ file, settings, ownSample }: VersionSpec) => ({ file, settings, ownSample });
    if (!isDeepStrictEqual(compared(spec), compared(desired))) return true;
    if (hasOtherAnswers(version)) return true;
    // A file that cannot be read now leaves the version that serves.
    const artefact = loaded && this.#ports.artefactOf(desired);
    return artefact !== undefined && artefact !== loaded?.metadata.artefact;
  }

  #switch(rollout: RolloutUnderWay): void {
    this.#rollouts = this.#rollouts.filter((other) => other !== rollout);
    this.#outside.delete(rollout.new);
    // A new version with another number does not replace the old one in the registry.
    if (this.registry.add(rollout.new) !== rollout.old) this.registry.remove(rollout.old);
    this.switched.emit(rollout);
    rollout.old.leave();
    this.#retire(rollout.old);
    rollout.ended({ kind: 'done', version: rollout.new });
  }

  #keep(rollout: RolloutUnderWay, reason: string): void {
    this.#rollouts = this.#rollouts.filter((other) => other !== rollout);
    this.#end(rollout.new, 'kill');
    rollout.ended({ kind: 'kept', version: rollout.old, reason });
  }

  /** Ends a version that is no longer served as soon as it is idle, at the latest after the grace period. */
  #retire(version: VersionInService, untilMs = this.#ports.clock.now() + this.#ports.gracePeriodMs): void {
    if (this.#isStopping) return;
    const { clock } = this.#ports;
    const now = clock.now();
    if (version.isIdle || now >= untilMs) this.#end(version, version.isIdle ? 'drain' : 'kill');
    else clock.at(now + LOOK_EVERY_MS, () => this.#retire(version, untilMs));
  }

  #end(version: VersionInService, how: 'drain' | 'kill'): void {
    version.stop(how);
    // One that had no replica left ends without an event.
    this.#forget(version);
  }
}

/** Whether a replica gives another golden answer than before: it has read other data, from files that only the model knows. */
function hasOtherAnswers({ health, supervisor }: VersionInService): boolean {
  return supervisor
    .replicas()
    .some(({ replica }) => health.conditions.conditionsOf(replica).some(({ cause }) => cause === 'golden'));
}

import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import { firstReplicas, placementsOf, type VersionSpec } from '../version/version-spec.ts';
import type { Departures } from './departures.ts';
import type { ModelRegistry } from './model-registry.ts';
import { PreviousVersions } from './previous-versions.ts';
import type { Ended, RolledOut, Rollout } from './rollout.ts';

/** Dependencies of {@link Rollouts}. */
export interface RolloutsPorts<Spec extends VersionSpec> {
  readonly clock: Clock;
  readonly registry: ModelRegistry;
  readonly departures: Departures;
  /** Makes a version, which is not started. */
  readonly make: (spec: Spec) => VersionInService;
  /** Why the machine has no room for a version beside those that are loaded. Default: it has. */
  readonly whyNoRoom?: ((spec: Spec, old: VersionInService | undefined) => string | undefined) | undefined;
}

/** What an operator or a later change says of a rollout that is under way. */
type EndedCallback = (result: RolledOut) => void;

interface RolloutUnderWay<Spec> extends Rollout {
  readonly spec: Spec;
  /** The old version ends before the new one loads, so the new one is already in the registry. */
  readonly isRecreated: boolean;
  readonly ended: EndedCallback;
}

/** Versions that take the place of others: each loads and warms up first, then it gets the requests. */
export class Rollouts<Spec extends VersionSpec> {
  /** A new version begins to load. */
  readonly began = new Event<Rollout>();
  /** A new version takes the place of an old one. */
  readonly switched = new Event<{ readonly old: VersionInService; readonly new: VersionInService }>();
  /** A version is served, or could not be. */
  readonly rolledOut = new Event<Ended<Spec>>();
  readonly previous = new PreviousVersions();
  readonly #ports: RolloutsPorts<Spec>;
  /** Versions that are in no registry: new ones, until they are switched in or have ended. */
  readonly #outside = new Set<VersionInService>();
  #underWay: readonly RolloutUnderWay<Spec>[] = [];

  constructor(ports: RolloutsPorts<Spec>) {
    this.#ports = ports;
  }

  underWay(): readonly (Rollout & { readonly spec: Spec })[] {
    return this.#underWay;
  }

  outside(): readonly VersionInService[] {
    return [...this.#outside];
  }

  /** Without an old version, the new one is added when it is ready. */
  begin(old: VersionInService | undefined, spec: Spec, ended: EndedCallback): void {
    if (old !== undefined) this.cancel((rollout) => rollout.old === old, 'a later reload took its place');
    const isRecreated = old !== undefined && spec.settings.rollout.strategy === 'recreate';
    const whyNot = isRecreated ? undefined : this.#ports.whyNoRoom?.(spec, old);
    if (whyNot !== undefined) {
      this.#report({ spec, ended }, { kind: 'kept', version: old, reason: whyNot });
      return;
    }
    const version = this.#ports.make(spec);
    this.#ports.departures.watch(version);
    const rollout = { old, new: version, spec, isRecreated, ended };
    this.#underWay = [...this.#underWay, rollout];
    this.#whenSettled(rollout);
    this.began.emit(rollout);
    if (isRecreated) this.#startAfter(old, version);
    else this.#startBeside(rollout);
  }

  /** Ends rollouts whose versions are not desired any more. */
  cancel(isMeant: (rollout: Rollout & { readonly spec: Spec }) => boolean, reason: string): void {
    for (const rollout of this.#underWay.filter(isMeant)) this.#giveUp(rollout, 'cancelled', reason);
  }

  /** A version that was stopped has ended. Returns whether it was one of these. */
  forget(version: VersionInService): boolean {
    return this.#outside.delete(version) || this.previous.forget(version);
  }

  /** No rollout ends after this. */
  stop(): void {
    this.#underWay = [];
  }

  #startBeside({ old, new: version, spec }: RolloutUnderWay<Spec>): void {
    this.#outside.add(version);
    version.start();
    // It takes over the traffic of the old one at once.
    const { settings } = spec;
    const replicas = Math.min(old?.supervisor.wanted ?? 0, settings.autoscaling?.maxReplicas ?? 0);
    if (replicas > firstReplicas(settings)) version.scale(placementsOf(settings, replicas));
  }

  /** The new version refuses requests until the old one has ended and it has loaded. */
  #startAfter(old: VersionInService, version: VersionInService): void {
    const { registry, departures } = this.#ports;
    // One that is kept takes memory too, and the version that it would return for ends here.
    const kept = this.previous.of(old.spec.model)?.version;
    if (kept !== undefined) departures.dismiss(kept);
    if (registry.add(version) !== old) registry.remove(old);
    const stop = departures.ended.on((other) => {
      if (other !== old) return;
      stop();
      if (version.state === 'starting') version.start();
    });
    departures.dismiss(old);
  }

  #whenSettled(rollout: RolloutUnderWay<Spec>): void {
    const stop = rollout.new.stateChanged.on((state) => {
      if (state === 'starting') return;
      stop();
      // Deferred: the new version must not be called from within its own event.
      this.#ports.clock.endOfTurn(() => {
        if (!this.#underWay.includes(rollout)) return;
        if (state === 'ready') this.#switch(rollout);
        else this.#giveUp(rollout, 'kept', rollout.new.failure);
      });
    });
  }

  #switch(rollout: RolloutUnderWay<Spec>): void {
    const { old, new: version, spec, isRecreated } = rollout;
    const { registry } = this.#ports;
    this.#underWay = this.#underWay.filter((other) => other !== rollout);
    this.#outside.delete(version);
    if (!isRecreated) {
      // A new version with another number does not replace the old one in the registry.
      const replaced = registry.add(version);
      if (old !== undefined && replaced !== old) registry.remove(old);
    }
    if (old !== undefined) {
      this.switched.emit({ old, new: version });
      if (!isRecreated) this.#release(old, version, spec);
    }
    this.#report(rollout, { kind: 'done', version });
  }

  /** The version that was replaced ends, or stays loaded for a rollback. */
  #release(version: VersionInService, successor: VersionInService, { settings }: Spec): void {
    const { departures } = this.#ports;
    const superseded = this.previous.of(version.spec.model)?.version;
    if (superseded !== undefined) departures.dismiss(superseded);
    if (settings.rollout.keepPrevious && version.isReady) this.previous.keep({ version, successor });
    else departures.dismiss(version);
  }

  #giveUp(rollout: RolloutUnderWay<Spec>, kind: 'kept' | 'cancelled', reason: string): void {
    const { old, new: version, isRecreated } = rollout;
    const { registry, departures, make } = this.#ports;
    this.#underWay = this.#underWay.filter((other) => other !== rollout);
    if (isRecreated && old !== undefined) {
      // The old one has ended: it is loaded once more.
      const again = make(old.spec as Spec);
      departures.watch(again);
      if (registry.add(again) !== version) registry.remove(version);
      again.start();
    }
    departures.end(version, 'kill');
    this.#report(rollout, { kind, version: old, reason });
  }

  #report({ spec, ended }: Pick<RolloutUnderWay<Spec>, 'spec' | 'ended'>, result: RolledOut): void {
    ended(result);
    this.rolledOut.emit({ spec, result });
  }
}

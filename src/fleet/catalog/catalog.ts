import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import type { VersionSpec } from '../version/version-spec.ts';
import { Departures } from './departures.ts';
import { hasChanged, isSameSpec } from './model-differences.ts';
import { ModelRegistry } from './model-registry.ts';
import type { RolledOut, Rollout } from './rollout.ts';
import { type DesiredFacts, planModel } from './rollout-plan.ts';
import { Rollouts, type RolloutsPorts } from './rollouts.ts';
import { type Unserved, UnservedVersions } from './unserved-versions.ts';

/** Dependencies of {@link Catalog}. */
export interface CatalogPorts<Spec extends VersionSpec>
  extends Pick<RolloutsPorts<Spec>, 'make' | 'whyNoRoom'> {
  readonly clock: Clock;
  /** How long a version that was replaced may finish its requests, before it is killed with them. */
  readonly gracePeriodMs: number;
}

/** What is to be served. */
export interface Desired<Spec> {
  readonly specs: readonly Spec[];
  /** Models that exist and cannot be served as they are: what serves of them stays. */
  readonly broken?: ReadonlySet<string>;
  /** Models whose files are being changed: they are left as they are. */
  readonly held?: ReadonlySet<string>;
  /** Models whose versions are tried again if they have failed before and have not changed since. */
  readonly retried?: ReadonlySet<string>;
  /** Models that an operator asks for: versions that a rollback took back return too. */
  readonly asked?: ReadonlySet<string>;
  /** Models that are loaded anew although nothing has changed that can be seen. */
  readonly anew?: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/** Owns all versions: what is to be served against what is served, the rollouts that are under way, and their end. */
export class Catalog<Spec extends VersionSpec> {
  readonly registry = new ModelRegistry();
  /** A version is not served any more, and none takes its place. */
  readonly removed = new Event<VersionInService>();
  /** A version that was stopped has no process left. */
  readonly ended: Event<VersionInService>;
  readonly departures: Departures;
  readonly rolling: Rollouts<Spec>;
  readonly #make: (spec: Spec) => VersionInService;
  readonly #desired = new Map<string, { readonly specs: readonly Spec[]; readonly isGone: boolean }>();
  readonly #unserved: UnservedVersions<Spec>;
  #isStopping = false;

  constructor({ clock, make, whyNoRoom, gracePeriodMs }: CatalogPorts<Spec>) {
    const { registry } = this;
    this.#make = make;
    this.#unserved = new UnservedVersions(clock, (model) => this.#reconcile(model));
    this.departures = new Departures(clock, gracePeriodMs);
    this.ended = this.departures.ended;
    this.rolling = new Rollouts({ clock, registry, departures: this.departures, make, whyNoRoom });
    this.departures.ended.on((version) => {
      const wasRolling = this.rolling.forget(version);
      if (wasRolling || registry.draining().includes(version)) registry.forget(version);
    });
    this.rolling.rolledOut.on(({ spec, result }) => {
      if (result.kind === 'done') this.#unserved.served(result.version.name);
      else if (result.kind === 'kept') this.#unserved.add(spec, result.reason, true);
      if (result.kind !== 'cancelled') this.#reconcile(spec.model);
    });
  }

  rollouts(): readonly Rollout[] {
    return this.rolling.underWay();
  }

  /** What is desired and could not be served, with the reason. */
  unserved(): readonly Unserved<Spec>[] {
    return this.#unserved.all();
  }

  /** Adds a version to those that are served. */
  add(version: VersionInService): void {
    this.departures.watch(version);
    this.registry.add(version);
  }

  /** Makes a version and adds it. */
  open(spec: Spec): VersionInService {
    const version = this.#make(spec);
    this.add(version);
    this.registry.label(spec.model, spec.settings.labels);
    return version;
  }

  /**
   * Changes what is served to what is desired: loads new versions, swaps changed ones, removes others. A version leaves
   * only when a desired one serves in its place, or when its model is neither desired nor broken.
   */
  apply({ specs: desired, broken = NONE, held = NONE, anew = NONE, ...again }: Desired<Spec>): void {
    this.#unserved.keepOnly(desired, held, again);
    const known = [...this.registry.models(), ...this.rolling.underWay().map(({ spec }) => spec.model)];
    for (const model of new Set([...known, ...desired.map((spec) => spec.model)])) {
      if (held.has(model)) continue;
      const specs = desired.filter((spec) => spec.model === model);
      const [first] = specs;
      if (first !== undefined) this.registry.label(model, first.settings.labels);
      this.#desired.set(model, { specs, isGone: specs.length === 0 && !broken.has(model) });
      this.#reconcile(model, anew.has(model));
    }
  }

  /** Whether nothing of a model loads: it is served as desired, as far as it can be. */
  isSettled(model: string): boolean {
    return this.rolling.underWay().every(({ spec }) => spec.model !== model);
  }

  /**
   * Replaces a version of a model by another one without losing a request: the new one loads and warms up while the old
   * one serves; then the new one gets all new requests, and the old one finishes its requests and ends. A later swap of the
   * same version cancels this one.
   */
  swap(old: VersionInService, spec: Spec, ended: (result: RolledOut) => void): void {
    this.rolling.begin(old, spec, ended);
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
      this.#remove(old);
      done(undefined);
      return;
    }
    this.swap(old, first, (result) => {
      if (result.kind === 'done') for (const spec of others) this.open(spec).start();
      done(result.kind === 'kept' ? result.reason : undefined);
    });
  }

  /**
   * Gives all requests of a model back to the version that the present one has replaced, which is still loaded. Returns
   * why that is not possible. The version that is taken back stays loaded; it does not return before it has changed, and
   * neither does one that was loading.
   */
  rollBack(model: string): string | undefined {
    const { previous, switched } = this.rolling;
    const kept = previous.of(model);
    if (kept === undefined) return `no previous version of '${model}' is kept: set rollout.keepPrevious`;
    const { version, successor } = kept;
    if (!version.isReady) return `${version.name} is kept, but is ${version.whyNotReady}`;
    const cancelled = this.rolling.underWay().filter(({ spec }) => spec.model === model);
    this.rolling.cancel(({ spec }) => spec.model === model, 'an operator has rolled the model back');
    const artefact = successor.spec.artefact ?? successor.loaded?.metadata.artefact;
    this.#unserved.delete(version.name);
    const reason = `an operator has rolled back to ${version.name}`;
    this.#unserved.add({ ...(successor.spec as Spec), artefact }, reason, false);
    for (const { spec } of cancelled) this.#unserved.add(spec, reason, false);
    const displaced = this.registry.add(version);
    if (displaced !== successor) {
      this.registry.remove(successor);
      // Another version of the number that returns: it was served beside the successor.
      if (displaced !== undefined) this.departures.dismiss(displaced);
    }
    previous.keep({ version: successor, successor: version });
    switched.emit({ old: successor, new: version });
    return undefined;
  }

  /** Ends every version, those of rollouts included; no rollout ends after this. May be called again with `kill`. */
  stop(how: 'drain' | 'kill'): void {
    this.#isStopping = true;
    this.rolling.stop();
    this.departures.stop();
    this.#unserved.stop();
    for (const version of this.#versions()) version.stop(how);
  }

  /** Whether no process of any version is left. */
  get isStopped(): boolean {
    return this.#versions().every(({ supervisor }) => supervisor.isStopped);
  }

  #versions(): VersionInService[] {
    return [...this.registry.all(), ...this.registry.draining(), ...this.rolling.outside()];
  }

  /** Takes the next steps towards what is desired of a model. */
  #reconcile(model: string, isAnew = false): void {
    const desired = this.#desired.get(model);
    if (desired === undefined || this.#isStopping) return;
    const { specs, isGone } = desired;
    this.rolling.cancel(
      (rollout) => rollout.spec.model === model && !specs.some((spec) => isSameSpec(spec, rollout.spec)),
      'a later reload took its place',
    );
    const served = this.registry.versionsOf(model);
    const rollouts = this.rolling.underWay();
    const { load, remove } = planModel(
      served.map((version) => ({
        ...{ version: version.spec.version, isReady: version.isReady },
        isBeingReplaced: rollouts.some(({ old }) => old === version),
      })),
      specs.map((spec) => ({ version: spec.version, state: this.#stateOf(spec, isAnew) })),
      isGone,
    );
    const at = (number: string) => served.find(({ spec }) => spec.version === number) as VersionInService;
    for (const number of remove) this.#remove(at(number));
    for (const { version, replaces } of load) {
      const spec = specs.find((other) => other.version === version) as Spec;
      // Another one that has no room ends at once, and the steps that were left have been taken then.
      if (!isToLoad(this.#stateOf(spec, isAnew))) continue;
      this.rolling.begin(replaces === undefined ? undefined : at(replaces), spec, () => {});
    }
  }

  #stateOf(spec: Spec, isAnew: boolean): DesiredFacts['state'] {
    const isOf = (other: VersionSpec) => other.model === spec.model && other.version === spec.version;
    if (this.rolling.underWay().some((rollout) => isOf(rollout.spec))) return 'loading';
    const present = this.registry.versionsOf(spec.model).find((version) => isOf(version.spec));
    if (present !== undefined && !isAnew && !hasChanged(present, spec)) return 'current';
    if (this.#unserved.has(spec)) return 'failed';
    return present === undefined ? 'missing' : 'changed';
  }

  /** Ends a version that nothing replaces. */
  #remove(version: VersionInService): void {
    this.registry.remove(version);
    this.removed.emit(version);
    this.departures.dismiss(version);
    const { model } = version.spec;
    const kept = this.rolling.previous.of(model);
    if (kept === undefined) return;
    const isLast = this.registry.versionsOf(model).length === 0;
    if (isLast || kept.successor === version) this.departures.dismiss(kept.version);
  }
}

function isToLoad(state: DesiredFacts['state']): boolean {
  return state === 'missing' || state === 'changed';
}

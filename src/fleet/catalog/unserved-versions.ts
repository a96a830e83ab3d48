import type { Clock, Timer } from '../../base/clock.ts';
import type { VersionSpec } from '../version/version-spec.ts';
import { isSameSpec } from './model-differences.ts';

/** A version that is desired and is not served as desired. */
export interface Unserved<Spec> {
  readonly spec: Spec;
  readonly reason: string;
}

/** Models of which versions are tried again. */
interface Again {
  /** Only those that have failed. */
  readonly retried?: ReadonlySet<string>;
  /** All, also those that were not to be tried before they change. */
  readonly asked?: ReadonlySet<string>;
}

/** A longer wait is one that the settings ask for. */
const LONGEST_WAIT_MS = 30_000;

/** Versions that are desired and could not be served. Each is tried again later, and at once when it has changed. */
export class UnservedVersions<Spec extends VersionSpec> {
  readonly #clock: Clock;
  readonly #again: (model: string) => void;
  readonly #unserved = new Map<string, Unserved<Spec>>();
  readonly #retries = new Map<string, Timer>();
  /** What was tried last, and how long it waited for that. */
  readonly #waits = new Map<string, { readonly spec: Spec; readonly waitMs: number }>();

  /** `again` is called with the name of a model when a version of it is to be tried again. */
  constructor(clock: Clock, again: (model: string) => void) {
    this.#clock = clock;
    this.#again = again;
  }

  all(): readonly Unserved<Spec>[] {
    return [...this.#unserved.values()];
  }

  has(spec: Spec): boolean {
    const found = this.#unserved.get(nameOf(spec));
    return found !== undefined && isSameSpec(found.spec, spec);
  }

  /** Without `isRetried` it is not tried before it changes. */
  add(spec: Spec, reason: string, isRetried: boolean): void {
    const name = nameOf(spec);
    this.delete(name);
    this.#unserved.set(name, { spec, reason });
    if (!isRetried) return;
    // What ended a load may be over: memory that was short, a disk that was not mounted.
    const waitMs = this.#nextWaitMs(name, spec);
    this.#waits.set(name, { spec, waitMs });
    const timer = this.#clock.at(this.#clock.now() + waitMs, () => {
      this.delete(name);
      this.#again(spec.model);
    });
    this.#retries.set(name, timer);
  }

  /** Twice as long as before, because the same load has failed again; but not longer than half a minute. */
  #nextWaitMs(name: string, spec: Spec): number {
    const firstMs = spec.settings.health.restart.retryFailedMs;
    const before = this.#waits.get(name);
    if (before === undefined || !isSameSpec(before.spec, spec)) return firstMs;
    return Math.max(firstMs, Math.min(2 * before.waitMs, LONGEST_WAIT_MS));
  }

  delete(name: string): void {
    this.#retries.get(name)?.cancel();
    this.#retries.delete(name);
    this.#unserved.delete(name);
  }

  /** It is served: what it waited for before does not count when it fails again. */
  served(name: string): void {
    this.delete(name);
    this.#waits.delete(name);
  }

  /** Forgets those that are not desired any more, and those of models that are to be tried again at once. */
  keepOnly(desired: readonly Spec[], held: ReadonlySet<string>, { retried, asked }: Again): void {
    for (const [name, { spec }] of this.#unserved) {
      const isDesired = held.has(spec.model) || desired.some((other) => isSameSpec(spec, other));
      const isRetried = this.#retries.has(name) && retried?.has(spec.model) === true;
      if (!isDesired || isRetried || asked?.has(spec.model) === true) this.delete(name);
    }
  }

  stop(): void {
    for (const timer of this.#retries.values()) timer.cancel();
  }
}

function nameOf({ model, version }: VersionSpec): string {
  return `${model}/${version}`;
}

import type { Clock } from '../../base/clock.ts';
import type { AutoscalingSettings } from '../../config/autoscaling-settings.ts';
import type { Proposal } from '../../scaling/scaling-policy.ts';
import type { VersionInService } from '../version/version-in-service.ts';

/** Dependencies of {@link IdleWatch}. */
export interface IdlePorts {
  readonly clock: Clock;
  /** Called when a request arrives while there is no replica. */
  readonly activate: () => void;
}

/** Decides when a version that may have no replica has none: after a time without a request, until the next one. */
export class IdleWatch {
  readonly #version: VersionInService;
  readonly #settings: AutoscalingSettings;
  readonly #stop: () => void;
  #lastAt: number;

  constructor(version: VersionInService, settings: AutoscalingSettings, { clock, activate }: IdlePorts) {
    this.#version = version;
    this.#settings = settings;
    this.#lastAt = clock.now();
    this.#stop = version.arrived.on(() => {
      this.#lastAt = clock.now();
      if (version.supervisor.wanted === 0) activate();
    });
  }

  /** The wanted number, given that the policy asks for `wanted` of `present`. */
  limit(now: number, present: number, wanted: number): number {
    if (this.isNeeded(now)) {
      const least = present === 0 ? this.#settings.activationReplicas : 1;
      return Math.min(Math.max(wanted, least), this.#settings.maxReplicas);
    }
    // The policy lets replicas go one by one; only the last one is this watch's.
    return present <= 1 ? 0 : Math.max(wanted, 1);
  }

  /** Why the number changes to or from none; undefined where the policy decides. */
  reason(now: number, from: number, to: number): Proposal | undefined {
    if (to === 0) {
      const seconds = Math.round((now - this.#lastAt) / 1_000);
      return { signal: 'minimum', replicas: 0, because: `no request for ${seconds} s` };
    }
    if (from > 0) return undefined;
    return { signal: 'activation', replicas: to, because: 'a request arrived while there was no replica' };
  }

  /** Whether a request came not long ago, or is not answered yet. */
  isNeeded(now: number): boolean {
    return now - this.#lastAt < this.#settings.idleMs || !this.#version.isIdle;
  }

  stop(): void {
    this.#stop();
  }
}

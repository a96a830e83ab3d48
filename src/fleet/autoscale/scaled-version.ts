import type { Clock } from '../../base/clock.ts';
import { firstThreads } from '../../config/model-settings.ts';
import type { Claim, Grant } from '../../scaling/machine-budget.ts';
import { nextStep, type RollingReplica } from '../../scaling/rolling.ts';
import type { Proposal, ScalingDecision, ScalingFacts, ScalingPolicy } from '../../scaling/scaling-policy.ts';
import { slownessOf } from '../../scaling/slowness.ts';
import type { VersionInService } from '../version/version-in-service.ts';
import { firstReplicas, placementsOf } from '../version/version-spec.ts';
import { IdleWatch } from './idle-watch.ts';
import type { MakeScalingPolicy } from './make-scaling-policy.ts';
import { Signals } from './signals.ts';

/** A change of the number of replicas, with everything that led to it. */
export interface Scaled {
  readonly version: VersionInService;
  readonly from: number;
  readonly to: number;
  readonly winner: Proposal;
  readonly proposals: readonly Proposal[];
  /** What kept the number from following the largest proposal; empty when nothing did. */
  readonly limit: string;
  readonly facts: ScalingFacts | undefined;
}

/** Dependencies of {@link ScaledVersion}. */
export interface ScaledPorts {
  readonly clock: Clock;
  readonly makePolicy: MakeScalingPolicy;
  /** Called when a request arrives while there is no replica. */
  readonly activate: () => void;
}

/** A number of replicas that an operator has set. */
export interface Override {
  readonly replicas: number;
  /** When it expires; undefined: only by release. */
  readonly untilMs: number | undefined;
}

/** A replica is not taken back by other models until it has served for so many times its start. */
const PAYS_AFTER_STARTS = 2;

/** One version under the scaler: its signals, its policy, its override and its last decision. */
export class ScaledVersion {
  readonly version: VersionInService;
  readonly #policy: ScalingPolicy | undefined;
  readonly #signals: Signals | undefined;
  readonly #idle: IdleWatch | undefined;
  #override: Override | undefined;
  #releasedBecause: string | undefined;
  /** Compute threads of each replica from now on. */
  threads: number;
  #areCoresFull = false;
  /** The number that was last granted. */
  #granted: number | undefined;
  /** The facts and the decision of the last tick. */
  facts: ScalingFacts | undefined;
  decision: ScalingDecision | undefined;
  last: (Scaled & { readonly at: number }) | undefined;
  /** Changes so far, by direction and signal: `up/queue`. */
  readonly changes = new Map<string, number>();
  /** What kept the last tick from the wanted number; empty when nothing did. */
  limit = '';

  constructor(version: VersionInService, { clock, makePolicy, activate }: ScaledPorts) {
    this.version = version;
    const { settings } = version.spec;
    const { autoscaling } = settings;
    this.threads = firstThreads(settings);
    if (autoscaling === undefined) return;
    this.#policy = makePolicy(autoscaling);
    this.#signals = new Signals(version, () => clock.now());
    if (autoscaling.minReplicas === 0) this.#idle = new IdleWatch(version, autoscaling, { clock, activate });
  }

  /** Whether its number follows the traffic, if no operator has set it. */
  get isAutomatic(): boolean {
    return this.#policy !== undefined;
  }

  /** Time from the start of a replica to its readiness that one start in ten exceeds, in ms; 0 before the first. */
  get startMs(): number {
    return this.#signals?.startMs ?? 0;
  }

  get overridden(): Override | undefined {
    return this.#override;
  }

  /** When the policy may let the next replica go, if the traffic stays as it is. */
  get nextDownAt(): number | undefined {
    return this.#policy?.nextDownAt?.(this.#present);
  }

  /** Why requests are too slow although more replicas would not help; undefined where that is not the case. */
  get slowness(): string | undefined {
    const { objective } = this.version.spec.settings;
    return this.facts && slownessOf(this.facts.latency, objective?.latencyMs, this.#areCoresFull);
  }

  /** Takes over what an operator or a measurement has set for the version that it replaces. */
  succeed(old: ScaledVersion): void {
    this.#override ??= old.#override;
    if (old.version.spec.settings.threads === this.version.spec.settings.threads) this.threads = old.threads;
  }

  override(replicas: number, untilMs: number | undefined): void {
    this.#override = { replicas, untilMs };
  }

  release(because: string): void {
    this.#override = undefined;
    this.#releasedBecause = because;
  }

  /** Takes the facts of this tick and lets the policy decide. */
  decide(now: number): void {
    const { untilMs } = this.#override ?? {};
    if (untilMs !== undefined && now >= untilMs) this.release('the override has expired');
    this.facts = this.#signals?.take(now, this.#present);
    // A version that starts keeps what it starts with.
    if (this.facts !== undefined && this.version.state !== 'starting') {
      this.decision = this.#policy?.decide(this.facts);
    }
  }

  /** What it needs of the machine. */
  claim(now: number, isFrozen: boolean): Claim {
    const { settings } = this.version.spec;
    const { supervisor, state } = this.version;
    const replicas = supervisor.replicas().filter((replica) => replica.state !== 'stopped');
    const held = this.#present;
    const isFixed = isFrozen || state !== 'ready' || this.isRolling;
    const wanted = isFixed ? held : this.#wanted(now);
    const isNegotiable = this.isAutomatic && this.#override === undefined && !isFixed;
    const least = Math.max(
      settings.autoscaling?.minReplicas ?? 0,
      this.#idle?.isNeeded(now) === true ? 1 : 0,
    );
    return {
      name: this.version.name,
      // What is fixed, or set by an operator, is not negotiable.
      minReplicas: isNegotiable ? Math.min(least, wanted) : wanted,
      ...{ wanted, held },
      young: replicas.filter(({ state: its, since }) => {
        return its !== 'draining' && now - since < PAYS_AFTER_STARTS * this.startMs;
      }).length,
      draining: Math.max(0, replicas.length - supervisor.wanted),
      threads: this.threads,
      replicaBytes: Math.max(0, ...replicas.map(({ heartbeat }) => heartbeat?.rssBytes ?? 0)),
      weight: settings.autoscaling?.weight ?? 1,
    };
  }

  /**
   * Changes the replicas to what was granted; returns the change of their number, if there is one. A change of their size
   * is carried out one by one; `maySurge` allows one replica more meanwhile.
   */
  apply({ replicas, limit }: Grant, now: number, maySurge: boolean): Scaled | undefined {
    const { version } = this;
    const { settings } = version.spec;
    this.limit = limit || (this.#override === undefined ? (this.decision?.limit ?? '') : '');
    this.#areCoresFull = !maySurge;
    if (version.state !== 'ready') return undefined;
    const from = this.#present;
    const { fresh, old } = nextStep(this.#rolling(), replicas, maySurge);
    const present = version.supervisor
      .replicas()
      .filter(({ state }) => state !== 'draining' && state !== 'stopped');
    const others = present
      .map(({ placement }) => placement)
      .filter(({ threads }) => threads !== this.threads);
    const isDone = fresh + old === version.supervisor.wanted && old === others.length;
    this.#granted = replicas;
    if (isDone && replicas === from) return undefined;
    const winner = this.#winner(now, from, replicas);
    if (!isDone) version.scale([...placementsOf(settings, fresh, this.threads), ...others.slice(0, old)]);
    if (replicas === from) return undefined;
    const scaled: Scaled = {
      ...{ version, from, to: replicas, winner, limit: this.limit },
      proposals: this.decision?.proposals ?? [],
      facts: this.facts,
    };
    this.#releasedBecause = undefined;
    this.last = { ...scaled, at: now };
    const key = `${replicas > from ? 'up' : 'down'}/${winner.signal}`;
    this.changes.set(key, (this.changes.get(key) ?? 0) + 1);
    return scaled;
  }

  stop(): void {
    this.#signals?.stop();
    this.#idle?.stop();
  }

  /** Whether replicas are being replaced by larger or smaller ones. */
  get isRolling(): boolean {
    return this.#rolling().some(({ isNew }) => !isNew);
  }

  /** The number of replicas, without the one more of a rolling replacement. */
  get #present(): number {
    const { wanted } = this.version.supervisor;
    return this.isRolling ? (this.#granted ?? wanted) : wanted;
  }

  #rolling(): RollingReplica[] {
    return this.version.supervisor
      .replicas()
      .filter(({ state }) => state !== 'draining' && state !== 'stopped')
      .map(({ placement, state }) => ({
        isNew: placement.threads === this.threads,
        isReady: state === 'ready' || state === 'degraded',
      }));
  }

  #wanted(now: number): number {
    if (this.#override !== undefined) return this.#override.replicas;
    const { settings } = this.version.spec;
    const present = this.#present;
    // A policy would count the one more of a rolling replacement.
    if (this.isRolling) return present;
    if (this.#policy === undefined)
      return this.#releasedBecause === undefined ? present : firstReplicas(settings);
    // Kubernetes' algorithm lets a number of 0 be; an override may have set it.
    const { minReplicas = 0, maxReplicas = present } = settings.autoscaling ?? {};
    const wanted = Math.min(Math.max(this.decision?.replicas ?? present, minReplicas), maxReplicas);
    return this.#idle?.limit(now, present, wanted) ?? wanted;
  }

  /** Why its number changes. */
  #winner(now: number, from: number, to: number): Proposal {
    if (this.#override !== undefined) {
      const { untilMs } = this.#override;
      const until =
        untilMs === undefined ? 'until it is released' : `for ${Math.round((untilMs - now) / 1_000)} s`;
      return {
        signal: 'override',
        replicas: this.#override.replicas,
        because: `set by an operator ${until}`,
      };
    }
    if (this.#releasedBecause !== undefined) {
      return { signal: 'override', replicas: to, because: this.#releasedBecause };
    }
    const byIdle = this.#idle?.reason(now, from, to);
    return byIdle ?? this.decision?.winner ?? { signal: 'minimum', replicas: to, because: '' };
  }
}

import type { VirtualClock } from '../../base/virtual-clock.ts';
import type { Scaled } from '../../fleet/autoscale/scaled-version.ts';
import { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import { FAULTS_MS } from './fault-plan.ts';
import type { Violation } from './invariants.ts';
import type { PlannedScaling } from './scaling-plan.ts';

/** Windows of signals end so long after the traffic: what asks for replicas later is an oscillation. */
const QUIET_AFTER_MS = FAULTS_MS + 5_000;

/** Scales a version as planned while faults happen, and checks the rules of scaling. */
export class ScalingUnderFaults {
  readonly violations: Violation[] = [];
  readonly #plan: PlannedScaling;
  readonly #clock: VirtualClock;
  readonly #version: VersionInService;
  readonly #scaler: Scaler;

  constructor(plan: PlannedScaling, clock: VirtualClock, version: VersionInService) {
    this.#plan = plan;
    this.#clock = clock;
    this.#version = version;
    const memoryBytes = Number.POSITIVE_INFINITY;
    this.#scaler = new Scaler({
      clock,
      budget: { cores: plan.cores, memoryBytes },
      isRollingOut: () => false,
    });
    this.#scaler.watch(version);
    this.#scaler.scaled.on((scaled) => this.#check(scaled));
    for (const { atMs, replicas, forMs } of plan.overrides) {
      clock.at(atMs, () => this.#scaler.override(version, replicas, forMs));
    }
  }

  /** To be called when the traffic has ended and everything has recovered. */
  end(): void {
    const { minReplicas, maxReplicas } = this.#plan;
    const { wanted } = this.#version.supervisor;
    if (wanted < minReplicas || wanted > maxReplicas)
      this.#fail('the number is within its bounds', `${wanted} of ${minReplicas} to ${maxReplicas}`);
    if (this.#scaler.of(this.#version)?.overridden !== undefined)
      this.#fail('an override expires', 'it has not');
    this.#scaler.stop();
  }

  #check({ from, to, winner }: Scaled): void {
    const { minReplicas, maxReplicas, cores } = this.#plan;
    if (winner.signal === 'override') return;
    const what = `${from} → ${to} by ${winner.signal}`;
    if (to < minReplicas || to > maxReplicas) this.#fail('the number is within its bounds', what);
    const { supervisor } = this.#version;
    const states = supervisor.replicas().map(({ state }) => state);
    const alive = states.filter((state) => state !== 'stopped').length;
    const leaving = states.filter((state) => state === 'draining').length;
    // Minimums are granted, and what drains ends by itself.
    if (to > Math.max(from, minReplicas) && alive > cores)
      this.#fail('never above the budget', `${what}: ${alive} replicas (${leaving} drain) on ${cores} cores`);
    const isLate = this.#clock.now() > QUIET_AFTER_MS && to > Math.max(from, minReplicas);
    if (isLate) this.#fail('no oscillation without traffic', what);
  }

  #fail(rule: string, detail: string): void {
    this.violations.push({ rule, detail: `at ${this.#clock.now().toFixed(1)} ms: ${detail}` });
  }
}

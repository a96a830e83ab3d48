import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import { RecentValues } from '../../base/recent-values.ts';
import type { CanaryPlan } from '../../routing/route-plan.ts';
import type { Weighted } from '../../routing/split.ts';
import { brokenGate, type CanaryFacts, canaryDecision } from '../../routing/statistics/canary.ts';

export type CanaryPhase = 'running' | 'paused' | 'rolled back' | 'promoted';

/** A change of a canary, by its gates and steps or by a command. */
export interface CanaryChange {
  readonly action: 'advance' | 'promote' | 'roll back' | 'pause' | 'resume';
  /** The share of the canary from now on, in percent. */
  readonly share: number;
  readonly because: string;
}

/** What survives a restart. */
export interface CanaryState {
  readonly from: string;
  readonly to: string;
  readonly phase: CanaryPhase;
  readonly step: number;
  readonly atStepMs: number;
  readonly reason: string;
  readonly counts: CanaryFacts['canary'];
  readonly control: CanaryFacts['control'];
  readonly requestsAtStep: number;
}

/** Latencies of the control that the canary's are compared with. */
const RECENT = 1024;
/** Fewer make no 99th percentile. */
const LEAST_TIMED = 100;

const NO_SIDE = { requests: 0, errors: 0, timed: 0, dragged: 0 };
const NOTHING = { ...NO_SIDE, slow: 0, late: 0, disagreed: 0, compared: 0 };

/** A canary in progress: counts what its requests show, and applies the policy. */
export class CanaryRun {
  readonly changed = new Event<CanaryChange>();
  readonly plan: CanaryPlan;
  readonly #clock: Clock;
  readonly #controlMs = new RecentValues(RECENT);
  #phase: CanaryPhase = 'running';
  #step = 0;
  #stepSince: number;
  #reason = '';
  #counts = { ...NOTHING };
  #control = { ...NO_SIDE };
  #requestsAtStep = 0;
  #weights: readonly Weighted[] = [];

  /** `before` is the state of the same canary before a restart or reload. */
  constructor(plan: CanaryPlan, clock: Clock, before?: CanaryState) {
    this.plan = plan;
    this.#clock = clock;
    this.#stepSince = clock.now();
    if (before !== undefined && before.from === plan.from.name && before.to === plan.to.name) {
      this.#phase = before.phase;
      this.#step = Math.min(before.step, plan.settings.steps.length - 1);
      this.#stepSince -= before.atStepMs;
      this.#reason = before.reason;
      this.#counts = { ...before.counts };
      this.#control = { ...before.control };
      this.#requestsAtStep = before.requestsAtStep;
    }
    this.#weigh();
  }

  get weights(): readonly Weighted[] {
    return this.#weights;
  }

  get phase(): CanaryPhase {
    return this.#phase;
  }

  /** The share of the canary, in percent. */
  get share(): number {
    if (this.#phase === 'promoted') return 100;
    return this.#phase === 'rolled back' ? 0 : (this.plan.settings.steps[this.#step] ?? 0);
  }

  get state(): CanaryState {
    const { from, to } = this.plan;
    return {
      ...{ from: from.name, to: to.name, phase: this.#phase, step: this.#step, reason: this.#reason },
      ...{
        atStepMs: this.#isOpen ? this.#clock.now() - this.#stepSince : 0,
        requestsAtStep: this.#requestsAtStep,
      },
      ...{ counts: { ...this.#counts }, control: { ...this.#control } },
    };
  }

  /** What it waits for, or why it ended. */
  get because(): string {
    if (this.#phase !== 'running') return this.#reason;
    return canaryDecision(this.plan.settings, this.#facts()).because;
  }

  answered(variant: string, ms: number): void {
    if (!this.#isOpen) return;
    if (variant !== this.plan.to.name) {
      this.#control.requests += 1;
      this.#time(this.#control, ms);
      this.#controlMs.add(ms);
      return;
    }
    const { objectiveMs } = this.plan.settings.gates;
    this.#counts.requests += 1;
    this.#requestsAtStep += 1;
    const isLate = objectiveMs !== undefined && ms > objectiveMs;
    if (isLate) this.#counts.late += 1;
    const isDragged = this.#time(this.#counts, ms);
    const isSlow = this.#exceeds(0.99, ms);
    if (isSlow) this.#counts.slow += 1;
    if (isLate || isSlow || isDragged) this.#checkGates();
  }

  /** An attempt was ended after `ms`, because another target was faster: nothing is known but that it is slower. */
  outrun(variant: string, ms: number): void {
    if (!this.#isOpen || variant !== this.plan.to.name) return;
    const isDragged = this.#time(this.#counts, ms);
    const isSlow = this.#exceeds(0.99, ms);
    if (isSlow) this.#counts.slow += 1;
    if (isSlow || isDragged) this.#checkGates();
  }

  /** Counts an answer whose latency is compared with the median of the control; true when it is slower than allowed. */
  #time(side: { timed: number; dragged: number }, ms: number): boolean {
    if (this.#controlMs.count < LEAST_TIMED) return false;
    side.timed += 1;
    const isDragged = this.#exceeds(0.5, ms);
    if (isDragged) side.dragged += 1;
    return isDragged;
  }

  /** Whether a latency is above what is allowed for this quantile of the control's. */
  #exceeds(quantile: number, ms: number): boolean {
    if (this.#controlMs.count < LEAST_TIMED) return false;
    const usual = this.#controlMs.quantile(quantile) ?? Number.POSITIVE_INFINITY;
    return ms > usual * this.plan.settings.gates.p99Ratio;
  }

  failed(variant: string): void {
    if (!this.#isOpen) return;
    if (variant !== this.plan.to.name) {
      this.#control.requests += 1;
      this.#control.errors += 1;
      return;
    }
    this.#counts.requests += 1;
    this.#counts.errors += 1;
    this.#requestsAtStep += 1;
    this.#checkGates();
  }

  /** An answer of the canary was compared with the control's. */
  compared(agree: boolean): void {
    if (!this.#isOpen) return;
    this.#counts.compared += 1;
    if (agree) return;
    this.#counts.disagreed += 1;
    this.#checkGates();
  }

  /** To be called about once a second. */
  tick(): void {
    if (this.#phase !== 'running') return;
    const decision = canaryDecision(this.plan.settings, this.#facts());
    if (decision.kind === 'roll back') this.#end('rolled back', decision.because);
    else if (decision.kind === 'promote') this.#end('promoted', decision.because);
    else if (decision.kind === 'advance') {
      this.#step = decision.to;
      this.#beginStep();
      this.changed.emit({ action: 'advance', share: this.share, because: decision.because });
    }
  }

  promote(because: string): void {
    this.#end('promoted', because);
  }

  rollBack(because: string): void {
    this.#end('rolled back', because);
  }

  /** Keeps the share as it is; gates still roll back. False when it is not running. */
  pause(because: string): boolean {
    if (this.#phase !== 'running') return false;
    this.#phase = 'paused';
    this.#reason = because;
    this.changed.emit({ action: 'pause', share: this.share, because });
    return true;
  }

  /** Goes on with the present step, or from the first one after a roll back. False when it is running. */
  resume(because: string): boolean {
    if (this.#phase === 'running') return false;
    if (this.#phase !== 'paused') {
      this.#step = 0;
      this.#counts = { ...NOTHING };
      this.#control = { ...NO_SIDE };
    }
    this.#phase = 'running';
    this.#beginStep();
    this.changed.emit({ action: 'resume', share: this.share, because });
    return true;
  }

  get #isOpen(): boolean {
    return this.#phase === 'running' || this.#phase === 'paused';
  }

  #checkGates(): void {
    const broken = brokenGate(this.plan.settings, { canary: this.#counts, control: this.#control });
    if (broken !== undefined) this.#end('rolled back', `${broken.gate}: ${broken.because}`);
  }

  #end(phase: 'promoted' | 'rolled back', because: string): void {
    this.#phase = phase;
    this.#reason = because;
    this.#weigh();
    const action = phase === 'promoted' ? 'promote' : 'roll back';
    this.changed.emit({ action, share: this.share, because });
  }

  #beginStep(): void {
    this.#stepSince = this.#clock.now();
    this.#requestsAtStep = 0;
    this.#weigh();
  }

  #facts(): CanaryFacts {
    return {
      ...{ canary: this.#counts, control: this.#control, step: this.#step },
      ...{ requestsAtStep: this.#requestsAtStep, atStepMs: this.#clock.now() - this.#stepSince },
    };
  }

  #weigh(): void {
    const { from, to } = this.plan;
    this.#weights = [
      { name: from.name, weight: 100 - this.share },
      { name: to.name, weight: this.share },
    ];
  }
}

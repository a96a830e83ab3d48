import type { Clock } from '../../base/clock.ts';
import { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { ExperimentSettings } from '../../config/experiment-settings.ts';
import type { SplitPlan } from '../../routing/route-plan.ts';
import type { Weighted } from '../../routing/split.ts';
import { type Conclusion, conclusionOf } from '../../routing/statistics/experiment-conclusion.ts';
import { addOutcome, NO_OUTCOMES, type Outcomes } from '../../routing/statistics/outcomes.ts';
import { thompsonShares } from '../../routing/statistics/thompson.ts';
import { FeedbackIds } from './feedback-ids.ts';

export type ExperimentPhase = 'running' | 'paused' | 'promoted' | 'rolled back';

/** A change of an experiment, by its conclusion or by a command. */
export interface ExperimentChange {
  readonly action: 'conclusion' | 'promote' | 'roll back' | 'pause' | 'resume';
  /** The variant that gets all traffic from now on; undefined when shares stay as they are. */
  readonly winner: string | undefined;
  readonly because: string;
}

/** What survives a restart. */
export interface ExperimentState {
  readonly control: string;
  readonly phase: ExperimentPhase;
  readonly winner: string | undefined;
  readonly reason: string;
  readonly outcomes: readonly (readonly [string, Outcomes])[];
}

/** Outcomes between two calculations of the shares by Thompson sampling. */
const SHARES_EVERY = 50;
const DRAWS = 1_000;
/** Every variant keeps so much, so that a wrong belief is corrected. */
const LEAST_SHARE = 0.05;

/** An experiment in progress: collects reported values, and asks for the conclusion. */
export class ExperimentRun {
  readonly changed = new Event<ExperimentChange>();
  readonly plan: SplitPlan;
  readonly settings: ExperimentSettings;
  readonly ids: FeedbackIds;
  readonly #random: Random;
  readonly #outcomes = new Map<string, Outcomes>();
  #phase: ExperimentPhase = 'running';
  #winner: string | undefined;
  #reason = '';
  #told: string | undefined;
  #reported = 0;
  #weights: readonly Weighted[];

  /** `before` is the state of the same experiment before a restart or reload. */
  constructor(
    { plan, settings }: { readonly plan: SplitPlan; readonly settings: ExperimentSettings },
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    before?: ExperimentState,
  ) {
    this.plan = plan;
    this.settings = settings;
    this.#random = random;
    this.#weights = plan.arms;
    this.ids = new FeedbackIds(clock, settings.feedbackFor, settings.maxPending);
    const kept = new Map(before?.control === settings.control ? before.outcomes : []);
    for (const { name } of plan.arms) this.#outcomes.set(name, kept.get(name) ?? NO_OUTCOMES);
    if (before?.control === settings.control) {
      this.#phase = before.phase;
      this.#reason = before.reason;
      const isThere = plan.arms.some(({ name }) => name === before.winner);
      this.#winner = isThere ? before.winner : undefined;
      if (!isThere && before.phase !== 'paused') this.#phase = 'running';
    }
    this.#weigh();
  }

  get weights(): readonly Weighted[] {
    return this.#weights;
  }

  get phase(): ExperimentPhase {
    return this.#phase;
  }

  get reason(): string {
    return this.#reason;
  }

  get outcomes(): ReadonlyMap<string, Outcomes> {
    return this.#outcomes;
  }

  get state(): ExperimentState {
    const { control } = this.settings;
    return {
      ...{ control, phase: this.#phase, winner: this.#winner, reason: this.#reason },
      outcomes: [...this.#outcomes],
    };
  }

  conclusion(): Conclusion {
    return conclusionOf(this.settings, this.#outcomes);
  }

  /** Goes on with the answers that wait for a value, from the same experiment before a reload. */
  takeOver({ settings, ids }: ExperimentRun): void {
    if (settings.control === this.settings.control) this.ids.takeOver(ids);
  }

  /** A value for an answer of a variant; false for an id that is unknown, too old or already reported. */
  report(id: string, value: number): boolean {
    const variant = this.ids.take(id);
    const before = variant === undefined ? undefined : this.#outcomes.get(variant);
    if (variant === undefined || before === undefined) return false;
    this.#outcomes.set(variant, addOutcome(before, value));
    this.#reported += 1;
    this.#look();
    return true;
  }

  /** Gives a variant all traffic; undefined when the experiment has no such variant. */
  promote(variant: string, because: string): boolean {
    if (!this.#outcomes.has(variant)) return false;
    this.#settle('promoted', variant, because);
    return true;
  }

  /** Gives the control all traffic. */
  rollBack(because: string): void {
    this.#settle('rolled back', this.settings.control, because);
  }

  /** Shares stay as they are, and no conclusion is acted on. False when it is not running. */
  pause(because: string): boolean {
    if (this.#phase !== 'running') return false;
    this.#phase = 'paused';
    this.#reason = because;
    this.changed.emit({ action: 'pause', winner: undefined, because });
    return true;
  }

  /** Goes on with the shares of the settings. False when it is running. */
  resume(because: string): boolean {
    if (this.#phase === 'running') return false;
    this.#phase = 'running';
    this.#told = undefined;
    this.#reason = '';
    this.#winner = undefined;
    this.#weigh();
    this.changed.emit({ action: 'resume', winner: undefined, because });
    return true;
  }

  #look(): void {
    if (this.#phase !== 'running') return;
    const conclusion = this.conclusion();
    if (conclusion.winner !== undefined && conclusion.winner !== this.#told) {
      this.#told = conclusion.winner;
      this.#reason = conclusion.words;
      this.changed.emit({ action: 'conclusion', winner: undefined, because: conclusion.words });
      if (this.settings.whenDecided === 'promote') {
        const phase = conclusion.winner === this.settings.control ? 'rolled back' : 'promoted';
        this.#settle(phase, conclusion.winner, conclusion.words);
        return;
      }
    }
    if (this.settings.allocation === 'thompson' && this.#reported % SHARES_EVERY === 0) this.#weigh();
  }

  #settle(phase: 'promoted' | 'rolled back', winner: string, because: string): void {
    this.#phase = phase;
    this.#winner = winner;
    this.#reason = because;
    this.#weigh();
    this.changed.emit({ action: phase === 'promoted' ? 'promote' : 'roll back', winner, because });
  }

  #weigh(): void {
    const { arms } = this.plan;
    const winner = this.#winner;
    if (winner !== undefined) {
      this.#weights = arms.map(({ name }) => ({ name, weight: name === winner ? 1 : 0 }));
    } else if (this.settings.allocation === 'thompson') {
      const terms = { goal: this.settings.goal, draws: DRAWS, floor: LEAST_SHARE };
      const shares = thompsonShares([...this.#outcomes.values()], terms, this.#random);
      this.#weights = arms.map(({ name }, index) => ({ name, weight: shares[index] as number }));
    } else this.#weights = arms.map(({ name, weight }) => ({ name, weight }));
  }
}

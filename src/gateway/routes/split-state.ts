import type { Shared } from '../../routing/decide.ts';
import { ExactShares, type Weighted } from '../../routing/split.ts';
import type { CanaryRun } from './canary-run.ts';
import type { ExperimentRun } from './experiment-run.ts';
import type { RequestCopies } from './request-copies.ts';
import { TargetTally } from './target-tally.ts';

/** What decides the weights of a split. */
interface SplitRun {
  readonly canary?: CanaryRun;
  readonly experiment?: ExperimentRun;
  readonly controlCopies?: RequestCopies | undefined;
}

/** A split in service: its weights now, and what decides them. */
export class SplitState {
  readonly plan: Shared;
  /** The number of its rule, or `otherwise`. */
  readonly rule: string;
  readonly canary: CanaryRun | undefined;
  readonly experiment: ExperimentRun | undefined;
  /** Copies of the canary's requests for its control. */
  readonly controlCopies: RequestCopies | undefined;
  /** What requests drawn for each variant came to; empty without canary and experiment. */
  readonly tallies: ReadonlyMap<string, TargetTally>;
  readonly #exact = new ExactShares();
  #set: readonly Weighted[] | undefined;

  constructor({ plan, rule }: { readonly plan: Shared; readonly rule: string }, run: SplitRun) {
    this.plan = plan;
    this.rule = rule;
    this.canary = run.canary;
    this.experiment = run.experiment;
    this.controlCopies = run.controlCopies;
    const isCompared = run.canary !== undefined || run.experiment !== undefined;
    this.tallies = new Map(isCompared ? this.weights.map(({ name }) => [name, new TargetTally(false)]) : []);
  }

  get weights(): readonly Weighted[] {
    if (this.canary !== undefined) return this.canary.weights;
    if (this.experiment !== undefined) return this.experiment.weights;
    return this.#set ?? (this.plan.kind === 'split' ? this.plan.arms : []);
  }

  /** Changes the weights of a plain split until the settings change. */
  set(weights: readonly Weighted[]): void {
    this.#set = weights;
  }

  next(weights: readonly Weighted[]): number {
    return this.#exact.next(weights);
  }
}

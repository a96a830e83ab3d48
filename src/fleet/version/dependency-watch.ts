import type { Clock, Timer } from '../../base/clock.ts';
import type { DependencySettings } from '../../config/dependency-settings.ts';
import type { HealthSettings, ReadinessSettings } from '../../config/health-settings.ts';
import { afterCheck, type CheckRecord, initialCheck } from '../../health/probe-policy.ts';
import type { DependencyChecker } from './version-spec.ts';

interface Watch {
  readonly dependency: DependencySettings;
  record: CheckRecord;
  problem: string;
  alarm: Timer | undefined;
}

/** Polls the external dependencies of a model, and looks at the models that it calls. */
export class DependencyWatch {
  /** Models that it calls, as far as it declares them. */
  models: readonly string[] = [];
  readonly #clock: Clock;
  readonly #settings: ReadinessSettings;
  readonly #checker: DependencyChecker;
  readonly #watches: readonly Watch[];

  constructor(clock: Clock, checker: DependencyChecker, { dependencies, readiness }: HealthSettings) {
    this.#clock = clock;
    this.#settings = readiness;
    this.#checker = checker;
    const record = initialCheck('success');
    this.#watches = dependencies.map((dependency) => ({ dependency, record, problem: '', alarm: undefined }));
  }

  start(): void {
    for (const watch of this.#watches) this.#look(watch);
  }

  stop(): void {
    for (const { alarm } of this.#watches) alarm?.cancel();
  }

  /** Which dependencies are down and why; undefined when all are up. */
  get problem(): string | undefined {
    const down = this.#watches.filter(({ record }) => record.state === 'failure');
    if (down.length === 0)
      return this.models.length === 0 ? undefined : this.#checker.whyModelsNotReady?.(this.models);
    return down.map(({ dependency, problem }) => `'${dependency.name}' is down: ${problem}`).join(', ');
  }

  #look(watch: Watch): void {
    const { periodMs, timeoutMs } = this.#settings;
    this.#checker.check(watch.dependency, timeoutMs, (problem) => {
      watch.record = afterCheck(this.#settings, watch.record, problem === undefined);
      watch.problem = problem ?? '';
    });
    watch.alarm = this.#clock.at(this.#clock.now() + periodMs, () => this.#look(watch));
  }
}

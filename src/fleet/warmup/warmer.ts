import type { Clock } from '../../base/clock.ts';
import { isRefusal, type Refusal } from '../../base/errors.ts';
import { reportMistake } from '../../base/mistake.ts';
import type { WarmupSettings } from '../../config/warmup-settings.ts';
import type { Answer } from '../../model/inference.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { PinnedSource } from '../../serving/dispatch/pinned-source.ts';
import type { Member } from '../../work/batch.ts';
import type { Outcome } from '../../work/outcome.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import { SyntheticRun } from '../monitor/synthetic-run.ts';
import type { Course, Ran, Rows } from './course.ts';
import { type CourseResult, warmupCourse } from './warmup-course.ts';
import { together } from './warmup-inputs.ts';
import type { WarmupReport, WarmupResult, WarmupTarget } from './warmup-report.ts';

/** Dependencies of {@link Warmer}. */
export interface WarmerPorts {
  readonly clock: Clock;
  readonly comparator: AnswerComparator;
  readonly pinned: PinnedSource;
  readonly wake: () => void;
}

/** Warms up a replica: runs batches until its latency is stable or the budget is exhausted. */
export class Warmer {
  readonly #ports: WarmerPorts;
  readonly #settings: WarmupSettings;
  /** The last warmup of each replica. */
  readonly #warming = new Map<ReplicaId, Warming>();

  constructor(ports: WarmerPorts, settings: WarmupSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** `done` is not called when the replica is lost during warmup: its exit is reported elsewhere. */
  warm(target: WarmupTarget, done: (result: WarmupResult) => void): void {
    if (!this.#settings.enabled) {
      done(skipped(target, 'warmup is disabled (warmup.enabled)'));
      return;
    }
    const warming = new Warming({ ...this.#ports, settings: this.#settings }, target, done);
    this.#warming.set(target.id, warming);
    warming.begin();
  }

  /** Runs no further batch on a replica that is lost or drains. */
  stop(id: ReplicaId): void {
    this.#warming.get(id)?.stop();
    this.#warming.delete(id);
  }
}

/** The warmup of one replica. */
class Warming {
  readonly #ports: WarmerPorts;
  readonly #target: WarmupTarget;
  readonly #done: (result: WarmupResult) => void;
  readonly #startedAt: number;
  readonly #course: Course<CourseResult>;
  #rows: readonly Member[] = [];
  #computedMs = 0;
  #isStopped = false;

  constructor(
    { settings, ...ports }: WarmerPorts & { readonly settings: WarmupSettings },
    target: WarmupTarget,
    done: (result: WarmupResult) => void,
  ) {
    this.#ports = ports;
    this.#target = target;
    this.#done = done;
    this.#startedAt = ports.clock.now();
    const { clock, comparator } = ports;
    const use = (rows: readonly Member[]) => {
      this.#rows = rows;
    };
    const computedMs = () => this.#computedMs;
    this.#course = warmupCourse({ clock, comparator, settings, target, computedMs, use });
  }

  begin(): void {
    this.#follow(this.#course.next());
  }

  stop(): void {
    this.#isStopped = true;
  }

  #follow(step: IteratorResult<Rows, CourseResult>): void {
    if (step.done === true) this.#finish(step.value);
    else this.#run(step.value);
  }

  #run(rows: Rows): void {
    const members = rows.map((row) => this.#rows[row % this.#rows.length] as Member);
    const run = new SyntheticRun('warmup', [together(members)], (outcome, answer) => {
      if (outcome.kind === 'lost') {
        if (outcome.wasRunning) this.#target.inputs.endedReplica();
      } else {
        this.#go(outcome, answer);
      }
    });
    this.#ports.pinned.add(this.#target.id, run);
    this.#ports.wake();
  }

  /** An internal error fails the warmup, so that the replica does not stay in `warming`; it is retried later. */
  #go(outcome: Exclude<Outcome, { readonly kind: 'lost' }>, answer: Answer | Refusal | undefined): void {
    if (this.#isStopped) return;
    if (outcome.kind === 'done') this.#computedMs += outcome.computeMs;
    try {
      this.#follow(this.#course.next(ranOf(outcome, answer)));
    } catch (error) {
      reportMistake('warmup', error);
      this.#done({ kind: 'failed', message: 'internal error' });
    }
  }

  #finish(result: CourseResult): void {
    if (result.kind !== 'done') {
      const { kind, why } = result;
      this.#done(kind === 'failed' ? { kind, message: why } : skipped(this.#target, why));
    } else {
      const { sizes, rows = null, largest, profile } = result;
      const report: WarmupReport = {
        replica: this.#target.id,
        sizes,
        totalMs: this.#ports.clock.now() - this.#startedAt,
        isStable: sizes.every(({ isStable }) => isStable),
        rows,
        skipped: null,
      };
      this.#done({ kind: 'warm', report, largest, profile });
    }
  }
}

function ranOf(
  outcome: Exclude<Outcome, { readonly kind: 'lost' }>,
  answer: Answer | Refusal | undefined,
): Ran {
  if (outcome.kind === 'threw') return { problem: outcome.message };
  if (answer === undefined) return { problem: 'the replica returned no answer' };
  if (isRefusal(answer)) return { problem: answer.message };
  return { answer, computeMs: outcome.computeMs, memory: outcome.memory };
}

function skipped({ id, rows, maxBatchSize }: WarmupTarget, why: string): WarmupResult {
  const result = rows ?? ({ kind: 'unproven', why } as const);
  return {
    kind: 'warm',
    report: { replica: id, sizes: [], totalMs: 0, isStable: false, rows: result, skipped: why },
    largest: maxBatchSize,
    profile: [],
  };
}

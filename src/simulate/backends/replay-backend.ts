import type { Clock, Timer } from '../../base/clock.ts';
import { type Reason, refuse } from '../../base/errors.ts';
import type { SpawnQueue } from '../../fleet/lifecycle/spawn-queue.ts';
import type { AnswerComparator } from '../../fleet/monitor/answer-comparator.ts';
import type { DependencyChecker } from '../../fleet/version/version-spec.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import { INPUT, type RecordedEvent } from '../../observe/recorder/recording.ts';
import type { Exit } from '../../replica/exit.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import { withBlankContents } from '../../replica/sample-input.ts';
import type { Batch } from '../../work/batch.ts';
import type { Outcome, OutcomeSink } from '../../work/outcome.ts';

/** A clock that stands at the recorded time; its timers fire when the recording says so. */
class ReplayClock implements Clock {
  readonly #alarms = new Map<number, () => void>();
  #asked = 0;
  #now = 0;

  now(): number {
    return this.#now;
  }

  at(_dueMs: number, wake: () => void): Timer {
    const order = this.#asked++;
    this.#alarms.set(order, wake);
    return { cancel: () => void this.#alarms.delete(order) };
  }

  endOfTurn(run: () => void): void {
    this.#alarms.set(this.#asked++, run);
  }

  moveTo(now: number): void {
    this.#now = now;
  }

  /** Returns false when the timer was not set. */
  ring(order: number): boolean {
    const wake = this.#alarms.get(order);
    this.#alarms.delete(order);
    wake?.();
    return wake !== undefined;
  }
}

/** The backend of a version under replay: does nothing by itself, and reports what is in the recording. */
export class ReplayBackend {
  readonly clock = new ReplayClock();
  readonly comparator: AnswerComparator;
  readonly spawner: Spawner;
  readonly dependencies: DependencyChecker;
  readonly #observers = new Map<string, ReplicaObserver>();
  readonly #sinks = new Map<number, OutcomeSink>();
  readonly spawnQueue: SpawnQueue;
  readonly #checks: ((problem: string | undefined) => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  /** `hasWaited` tells whether the replica that is about to start had to wait. */
  constructor(comparator: AnswerComparator, hasWaited: () => boolean) {
    this.comparator = comparator;
    this.spawnQueue = {
      claim: (_version, granted) => {
        const isWaiting = hasWaited();
        if (isWaiting) this.#waiting.push(granted);
        return { isWaiting, giveBack() {} };
      },
    };
    this.spawner = {
      spawn: (id, incarnation, _placement, observer) => this.#spawn(id, incarnation, observer),
    };
    this.dependencies = { check: (_dependency, _timeoutMs, done) => void this.#checks.push(done) };
  }

  answer(batch: number, member: number): void {
    this.#sinks.get(batch)?.part(member, { outputs: [] });
  }

  refuse(batch: number, member: number, reason: Reason, message: string): void {
    this.#sinks.get(batch)?.part(member, refuse(reason, message));
  }

  end(batch: number, text: string, computeMs: number): void {
    const sink = this.#sinks.get(batch);
    this.#sinks.delete(batch);
    sink?.end(text === '' ? { kind: 'done', computeMs } : (JSON.parse(text) as Outcome));
  }

  report(id: ReplicaId, incarnation: number, event: RecordedEvent, text: string): void {
    const observer = this.#observers.get(`${id} ${incarnation}`);
    if (observer === undefined) return;
    if (event.kind === INPUT.LOADED) observer.loaded(withBlankContents(JSON.parse(text) as ModelMetadata));
    else if (event.kind === INPUT.LOAD_FAILED) observer.loadFailed(text);
    else if (event.kind === INPUT.CREDITED) observer.credited(event.value);
    else if (event.kind === INPUT.EXITED) observer.exited(JSON.parse(text) as Exit);
    else observer.heartbeat({ rssBytes: event.value, cpuMs: 0, batches: event.text });
  }

  dependencyChecked(order: number, problem: string): void {
    this.#checks[order]?.(problem === '' ? undefined : problem);
  }

  granted(order: number): void {
    this.#waiting[order]?.();
  }

  #spawn(id: ReplicaId, incarnation: number, observer: ReplicaObserver): Replica {
    this.#observers.set(`${id} ${incarnation}`, observer);
    return {
      id,
      incarnation,
      start: (batch: Batch, sink: OutcomeSink) => void this.#sinks.set(batch.id, sink),
      cancel() {},
      drain() {},
      kill() {},
    };
  }
}

import { type Clock, RANK, type Timer } from '../../base/clock.ts';
import { refuse } from '../../base/errors.ts';
import type { Answer } from '../../model/inference.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Placement } from '../../replica/placement.ts';
import type { Replica, ReplicaId, ReplicaObserver, Spawner } from '../../replica/replica.ts';
import type { Batch } from '../../work/batch.ts';
import type { LossCause, OutcomeSink } from '../../work/outcome.ts';

/** The result of a timed replica's batch. */
export type TimedResult =
  | { readonly kind: 'answer' }
  /** Only these members are refused, by the model. */
  | { readonly kind: 'refuse members'; readonly members: readonly number[] }
  | { readonly kind: 'throw'; readonly message: string };

/** The behaviour of timed replicas. */
export interface TimedBehaviour {
  readonly metadata: ModelMetadata;
  serviceMs(batch: Batch, replica: ReplicaId): number;
  result(batch: Batch): TimedResult;
  /** Batches that a replica holds at a time; default 1. */
  readonly credits?: number;
  /** Time from a start to the loaded model, in ms; default 0. */
  startMs?(replica: ReplicaId): number;
  /** How the end of a batch reaches the gateway; by default at once. */
  deliver?(end: () => void): void;
}

const ANSWER: Answer = { outputs: [] };
const REFUSED = refuse('MODEL_ERROR', 'refused');
const BEAT_MS = 1_000;

/**
 * Replicas that only take time, without bytes or process faults. They run millions of requests in seconds, as policy
 * comparison and planning require.
 */
export class TimedSpawner implements Spawner {
  readonly #clock: Clock;
  readonly #behaviour: TimedBehaviour;

  constructor(clock: Clock, behaviour: TimedBehaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  spawn(id: ReplicaId, incarnation: number, _placement: Placement, observer: ReplicaObserver): Replica {
    const replica = new TimedReplica(
      { id, incarnation },
      { clock: this.#clock, behaviour: this.#behaviour },
      observer,
    );
    const loaded = () => {
      observer.loaded(this.#behaviour.metadata);
      observer.credited(this.#behaviour.credits ?? 1);
    };
    this.#clock.at(this.#clock.now() + (this.#behaviour.startMs?.(id) ?? 0), loaded, RANK.completion);
    return replica;
  }
}

/** Runs one batch after the other. */
class TimedReplica implements Replica {
  readonly id: ReplicaId;
  readonly incarnation: number;
  readonly #clock: Clock;
  readonly #behaviour: TimedBehaviour;
  readonly #observer: ReplicaObserver;
  #heartbeat: Timer;
  #isGone = false;
  #isDraining = false;
  /** Time in which batches ran, as the CPU time of a process that computes in one thread. */
  #busyMs = 0;
  #batches = 0;
  readonly #waiting: (() => void)[] = [];
  #isRunning = false;

  constructor(
    { id, incarnation }: Pick<Replica, 'id' | 'incarnation'>,
    { clock, behaviour }: { readonly clock: Clock; readonly behaviour: TimedBehaviour },
    observer: ReplicaObserver,
  ) {
    this.#clock = clock;
    this.#behaviour = behaviour;
    this.id = id;
    this.incarnation = incarnation;
    this.#observer = observer;
    this.#heartbeat = clock.at(clock.now() + BEAT_MS, () => this.#onHeartbeat());
  }

  start(batch: Batch, sink: OutcomeSink): void {
    this.#waiting.push(() => this.#run(batch, sink));
    if (!this.#isRunning) this.#next();
  }

  #next(): void {
    const run = this.#waiting.shift();
    this.#isRunning = run !== undefined;
    run?.();
    if (this.#isDraining && !this.#isRunning && !this.#isGone)
      this.#clock.endOfTurn(() => this.kill('ended'));
  }

  #run(batch: Batch, sink: OutcomeSink): void {
    const computeMs = this.#behaviour.serviceMs(batch, this.id);
    const result = this.#behaviour.result(batch);
    this.#busyMs += computeMs;
    const end = () => {
      if (this.#isGone) return;
      if (result.kind === 'throw') {
        sink.end({ kind: 'threw', message: result.message });
        return;
      }
      const refused = result.kind === 'refuse members' ? result.members : [];
      for (let member = 0; member < batch.members.length; member++) {
        sink.part(member, refused.includes(member) ? REFUSED : ANSWER);
      }
      sink.end({ kind: 'done', computeMs });
    };
    const { deliver = (run: () => void) => run() } = this.#behaviour;
    const computed = () => {
      this.#batches += 1;
      this.#next();
      deliver(end);
    };
    this.#clock.at(this.#clock.now() + computeMs, computed, RANK.completion);
  }

  cancel(): void {}

  drain(): void {
    this.#isDraining = true;
    if (!this.#isRunning) this.kill('ended');
  }

  /** Does not report the running batch, because callers of `kill` do not need it. */
  kill(cause: LossCause): void {
    this.#isGone = true;
    this.#heartbeat.cancel();
    this.#clock.at(this.#clock.now(), () =>
      this.#observer.exited({ code: null, signal: 'SIGKILL', cause, detail: '' }),
    );
  }

  #onHeartbeat(): void {
    this.#observer.heartbeat({ rssBytes: 0, cpuMs: this.#busyMs, batches: this.#batches });
    this.#heartbeat = this.#clock.at(this.#clock.now() + BEAT_MS, () => this.#onHeartbeat());
  }
}

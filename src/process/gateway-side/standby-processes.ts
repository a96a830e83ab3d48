import type { ChildProcess } from 'node:child_process';
import type { Clock, Timer } from '../../base/clock.ts';
import { EXPECT_ONNX } from '../wire/compute-messages.ts';
import { endProcessGroup, startReplicaProcess } from './replica-process.ts';

/** After a process is taken, the next one is started so much later: the replica that took it loads meanwhile. */
const REFILL_AFTER_MS = 2_000;

/**
 * Processes started ahead of need. They start their threads while the gateway reads its settings, so that the first
 * replicas only have to load their models; later some are kept for replicas that autoscaling adds.
 */
export class StandbyProcesses {
  readonly #env: NodeJS.ProcessEnv;
  #waiting: ChildProcess[] = [];
  /** Refills after a take; undefined while none are kept. */
  #refill: { readonly count: number; readonly clock: Clock } | undefined;
  #timer: Timer | undefined;

  constructor(count: number, env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#fill(count);
  }

  /** A live process; undefined when none is left. */
  take(): ChildProcess | undefined {
    this.#refillLater();
    for (let child = this.#waiting.shift(); child !== undefined; child = this.#waiting.shift()) {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) return child;
    }
    return undefined;
  }

  /** From now on so many processes wait; others end. */
  keep(count: number, clock: Clock): void {
    this.#refill = count === 0 ? undefined : { count, clock };
    for (const child of this.#waiting.splice(count)) endProcessGroup(child);
    this.#refillLater();
  }

  /** Ends the processes that were not taken; none is started after this. */
  close(): void {
    this.#refill = undefined;
    this.#timer?.cancel();
    for (const child of this.#waiting.splice(0)) endProcessGroup(child);
  }

  #refillLater(): void {
    if (this.#refill === undefined || this.#timer !== undefined) return;
    const { count, clock } = this.#refill;
    this.#timer = clock.at(clock.now() + REFILL_AFTER_MS, () => {
      this.#timer = undefined;
      this.#waiting = this.#waiting.filter(
        ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
      );
      this.#fill(count - this.#waiting.length);
    });
  }

  #fill(count: number): void {
    for (let started = 0; started < count; started++) {
      try {
        this.#waiting.push(startReplicaProcess({ env: this.#env, nice: 0 }, [EXPECT_ONNX]));
      } catch {
        // No process is available. The replicas that need one report it, and are retried.
      }
    }
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Clock, Timer } from '../../base/clock.ts';
import { EXPECT_ONNX } from '../wire/compute-messages.ts';
import { DIRECT_FD } from '../wire/direct-pipe.ts';

const MAIN = fileURLToPath(new URL('../child/replica-main.js', import.meta.url));

/** Fixed when a process starts. */
export interface ProcessTerms {
  readonly env: NodeJS.ProcessEnv;
  readonly nice: number;
}

/**
 * Starts a process that can become any replica; what it loads follows as a frame. It leads its own process group, so
 * that the processes its model starts end with it.
 */
export function startReplicaProcess({ env, nice }: ProcessTerms, args: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    env,
    detached: true,
  });
  // A process that fails to start emits this event, possibly before its owner listens.
  child.on('error', () => {});
  // Without free file descriptors Node.js returns a child without pipes and reports the error later.
  if (pipeOf(child, DIRECT_FD) === undefined) {
    throw new Error('no file descriptors are left for the pipes of the process');
  }
  if (nice > 0 && child.pid !== undefined) standBack(child.pid, nice);
  return child;
}

/** The pipe at a descriptor of the process; undefined where it has none. */
export function pipeOf({ stdio }: ChildProcess, descriptor: number): Duplex | undefined {
  return ((stdio as readonly unknown[] | undefined)?.[descriptor] ?? undefined) as Duplex | undefined;
}

/** Set before the process has threads, because they inherit it from the first one. */
function standBack(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // The process has already ended; its exit is reported.
  }
}

/** Ends a replica's process and all processes of its group. */
export function endProcessGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is empty.
  }
}

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

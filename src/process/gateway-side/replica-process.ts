import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { EXPECT_ONNX } from '../wire/compute-messages.ts';

const MAIN = fileURLToPath(new URL('../child/main.js', import.meta.url));

/** What a process is given from the start: it cannot be changed afterwards. */
export interface ProcessTerms {
  readonly env: NodeJS.ProcessEnv;
  readonly nice: number;
}

/**
 * Starts a process that can become any replica: what it is to load comes later, as a frame. It leads a process group
 * of its own, so that whatever its model starts can be ended with it.
 */
export function startReplicaProcess({ env, nice }: ProcessTerms, args: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    env,
    detached: true,
  });
  // A process that never started says so by this event, perhaps before its owner listens.
  child.on('error', () => {});
  // Out of file descriptors, Node gives back a child without pipes and reports the error later.
  if (child.stdio?.[4] === undefined || child.stdio[4] === null) {
    throw new Error('the system has no file descriptors left for its pipes');
  }
  if (nice > 0 && child.pid !== undefined) standBack(child.pid, nice);
  return child;
}

/** Now, before it has any threads: they inherit it from the first. */
function standBack(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, and will say so.
  }
}

/** Ends a replica's process and everything that its model has started and that has not left its group. */
export function endProcessGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

/**
 * Processes started ahead of need. While the gateway still reads its settings they bring up their threads, so
 * that the first replicas have only their models left to load.
 */
export class StandbyProcesses {
  readonly #waiting: ChildProcess[] = [];

  constructor(count: number, env: NodeJS.ProcessEnv) {
    for (let started = 0; started < count; started++) {
      try {
        this.#waiting.push(startReplicaProcess({ env, nice: 0 }, [EXPECT_ONNX]));
      } catch {
        // The system has none to give; the replicas that need one will say so, and are tried again.
      }
    }
  }

  /** One that is still alive; undefined when there is none. */
  take(): ChildProcess | undefined {
    for (let child = this.#waiting.shift(); child !== undefined; child = this.#waiting.shift()) {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) return child;
    }
    return undefined;
  }

  /** Ends those that were not taken. */
  close(): void {
    for (const child of this.#waiting.splice(0)) endProcessGroup(child);
  }
}

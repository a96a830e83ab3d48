import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
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

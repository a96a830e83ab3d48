import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXPECT_ONNX } from './compute-messages.ts';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** Starts a process that can become any replica: what it is to load comes later, as a frame. */
export function startReplicaProcess(args: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  // Out of file descriptors, Node gives back a child without pipes and reports the error later.
  if (child.stdio?.[4] === undefined || child.stdio[4] === null) {
    child.on('error', () => {});
    throw new Error('the system has no file descriptors left for its pipes');
  }
  return child;
}

/**
 * Processes started ahead of need. While the gateway still reads its settings they bring up their threads, so
 * that the first replicas have only their models left to load.
 */
export class StandbyProcesses {
  readonly #waiting: ChildProcess[];

  constructor(count: number) {
    this.#waiting = Array.from({ length: count }, () => startReplicaProcess([EXPECT_ONNX]));
  }

  /** One that is still alive; undefined when there is none. */
  take(): ChildProcess | undefined {
    for (let child = this.#waiting.shift(); child !== undefined; child = this.#waiting.shift()) {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) return child;
    }
    return undefined;
  }

  /** Ends those that nobody took. */
  close(): void {
    for (const child of this.#waiting.splice(0)) child.kill('SIGKILL');
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Ids of the running children of a process, without zombies. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((child) => {
      const stat = statOf(child);
      return stat !== undefined && stat.parent === pid && stat.state !== 'Z';
    });
}

const DIST = fileURLToPath(new URL('../../', import.meta.url));
const REPLICA = /(bundle|src\/process\/child)\/replica-main\.js/;

/** Ids of all running replica processes of this checkout on this machine, orphans included. */
export function replicaProcesses(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isReplica(commandOf(pid)) && isAlive(pid));
}

function isReplica(command: string): boolean {
  return command.includes(DIST) && REPLICA.test(command);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in parentheses and may contain any character, so parsing starts after the last one.
    const [state = '', parent = '0'] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** Sends a signal to one process. The ids 0 and below name groups of processes, the tests' own among them, and are refused. */
export function signalProcess(pid: number | undefined, signal: NodeJS.Signals): void {
  if (!Number.isInteger(pid) || (pid as number) < 2) throw new Error(`${pid} is not the id of one process`);
  process.kill(pid as number, signal);
}

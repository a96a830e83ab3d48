import { readFileSync } from 'node:fs';

/** The usual soft limit, for systems whose limit cannot be read. */
const USUAL_LIMIT = 1_024;
/** Above this, memory limits the connections, not descriptors. */
const MOST = 65_536;
const LEAST = 16;
/** Descriptors for replicas, files and the log. */
const RESERVE = { least: 64, most: 1_024 };

/** The connections that a process with this many descriptors may have open at once. */
export function connectionsWithin(descriptors: number): number {
  const reserve = Math.min(Math.max(Math.floor(descriptors / 4), RESERVE.least), RESERVE.most);
  return Math.min(Math.max(descriptors - reserve, LEAST), MOST);
}

/** The limit of open files of this process; 1024 where it cannot be read: only Linux shows it without native code. */
export function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? USUAL_LIMIT : soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return USUAL_LIMIT;
  }
}

import { readFileSync } from 'node:fs';

const MEMORY_EVENTS = '/sys/fs/cgroup/memory.events';

/** Processes of this control group that the kernel's OOM killer has ended; 0 where that cannot be read. */
export function countOomKills(): number {
  try {
    return Number(/^oom_kill (\d+)/m.exec(readFileSync(MEMORY_EVENTS, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

import type { LossCause } from '../work/outcome.ts';

/** How a replica ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cause: LossCause;
  /** What the gateway knows beyond code and signal, such as a protocol error. */
  readonly detail: string;
}

/** Signals that a program brings on itself. */
const FAULTS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']);

/** Why a process ended, as far as code, signal and the kernel's count of out-of-memory kills tell. */
export function causeOf(
  code: number | null,
  signal: string | null,
  wasOutOfMemory: boolean,
): Exclude<LossCause, 'watchdog' | 'protocol' | 'ended'> {
  if (signal !== null) {
    if (FAULTS.has(signal)) return 'crash';
    return signal === 'SIGKILL' && wasOutOfMemory ? 'out of memory' : 'killed';
  }
  if (code === null) return 'not started';
  return code === 0 ? 'left' : 'crash';
}

/** What code and signal do not tell. */
const WHY: Partial<Record<LossCause, string>> = {
  'out of memory': ', out of memory',
  watchdog: ' for a batch that ran too long',
};

/** How a life ended, in words. */
export function exitText({ code, signal, cause, detail }: Exit): string {
  if (cause === 'not started') return `it could not be started: ${detail}`;
  const how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
  const why = WHY[cause] ?? '';
  return detail === '' ? `${how}${why}` : `${how}${why}: ${detail}`;
}

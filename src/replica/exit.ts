import type { LossCause } from '../work/outcome.ts';

/** How a replica ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cause: LossCause;
  /** What the gateway knows beyond code and signal, such as a protocol error. */
  readonly detail: string;
  /** The batch that was running; undefined where nothing was. */
  readonly batch?: number;
  /** Where in the model's code the error was thrown that ended it, as far as that is known. */
  readonly stack?: string;
}

/** How a process ended, as far as the system and its pipes tell. */
export interface EndFacts {
  readonly code: number | null;
  readonly signal: string | null;
  readonly wasOutOfMemory: boolean;
  /** It had a batch and had not ended it. */
  readonly wasRunning: boolean;
  /** It said before its end whose code brings the end about; undefined where it said nothing. */
  readonly told: 'by its batch' | 'by other code' | undefined;
}

/** Signals that a program brings on itself. */
const FAULTS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']);

/** Why a process ended. */
export function causeOf(facts: EndFacts): Exclude<LossCause, 'watchdog' | 'protocol' | 'ended' | 'stopped'> {
  const { code, signal, wasOutOfMemory, wasRunning, told } = facts;
  if (code === null && signal === null) return 'not started';
  if (told !== undefined) return told === 'by its batch' ? 'crash' : 'late error';
  if (signal !== null) {
    if (FAULTS.has(signal)) return 'crash';
    return signal === 'SIGKILL' && wasOutOfMemory ? 'out of memory' : 'killed';
  }
  // A replica that is told to leave does so when it has nothing left to run.
  return code === 0 && !wasRunning ? 'left' : 'crash';
}

/** What code and signal do not tell. */
const WHY: Partial<Record<LossCause, string>> = {
  'out of memory': ', out of memory',
  'late error': ' by code that ran after or beside the answers of its model',
  stopped: ' after its process had stood still in the middle of a batch',
  watchdog: ' for a batch that ran too long',
};

/** How a life ended, in words. */
export function exitText({ code, signal, cause, detail }: Exit): string {
  if (cause === 'not started') return `it could not be started: ${detail}`;
  const how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
  const why = WHY[cause] ?? '';
  return detail === '' ? `${how}${why}` : `${how}${why}: ${detail}`;
}

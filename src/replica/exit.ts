import type { LossCause } from '../work/outcome.ts';

/** How a replica ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cause: LossCause;
  /** What the gateway knows beyond code and signal, such as a protocol violation. */
  readonly detail: string;
  /** The batch that was running; undefined when none was. */
  readonly batch?: number;
  /** Stack of the error in the model's code that ended it, if known. */
  readonly stack?: string;
}

/** How a process ended, as reported by the system and its pipes. */
export interface EndFacts {
  readonly code: number | null;
  readonly signal: string | null;
  readonly wasOutOfMemory: boolean;
  /** It had a batch that had not ended. */
  readonly wasRunning: boolean;
  /** Whose code the process named before its end; undefined when it named none. */
  readonly told: 'by its batch' | 'by other code' | undefined;
}

/** Signals that a program raises by its own faults. */
const FAULTS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP']);

/** Classifies the end of a process. */
export function causeOf(facts: EndFacts): Exclude<LossCause, 'watchdog' | 'protocol' | 'ended' | 'stopped'> {
  const { code, signal, wasOutOfMemory, wasRunning, told } = facts;
  if (code === null && signal === null) return 'not started';
  if (told !== undefined) return told === 'by its batch' ? 'crash' : 'late error';
  if (signal !== null) {
    if (FAULTS.has(signal)) return 'crash';
    return signal === 'SIGKILL' && wasOutOfMemory ? 'out of memory' : 'killed';
  }
  // A replica that was told to exit does so once it has nothing to run.
  return code === 0 && !wasRunning ? 'left' : 'crash';
}

/** Explains causes that code and signal do not show. */
const WHY: Partial<Record<LossCause, string>> = {
  'out of memory': ', out of memory',
  'late error': ' because of model code that ran outside the batch that started it',
  stopped: ' after its process was stopped during a batch',
  watchdog: ' because a batch ran too long',
};

/** Describes how an incarnation ended. */
export function exitText({ code, signal, cause, detail }: Exit): string {
  if (cause === 'not started') return `it could not be started: ${detail}`;
  const how = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
  const why = WHY[cause] ?? '';
  return detail === '' ? `${how}${why}` : `${how}${why}: ${detail}`;
}

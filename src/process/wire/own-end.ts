/** What a replica says before code in it ends its process. */
export interface OwnEnd {
  readonly text: string;
  /** Where the error was thrown. */
  readonly stack?: string;
  /** The signal that the process sends to itself. */
  readonly signal?: string;
}

/** Signals after which a process neither runs nor ends. */
const STOPPING: ReadonlySet<string> = new Set([
  'SIGSTOP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  '19',
  '20',
  '21',
  '22',
]);

/** Whether the process stands still after this and has to be ended from outside. */
export function standsStill({ signal }: OwnEnd): boolean {
  return signal !== undefined && STOPPING.has(signal);
}

/** Notice that a replica sends before its own code ends its process. */
export interface OwnEnd {
  readonly text: string;
  /** Stack of the error. */
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

/** Whether the process is stopped after this and must be ended by the gateway. */
export function standsStill({ signal }: OwnEnd): boolean {
  return signal !== undefined && STOPPING.has(signal);
}

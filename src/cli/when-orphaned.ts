const LOOK_EVERY_MS = 250;

/**
 * Calls `end` when npm has started this process and its parent is gone. npm hands a signal to the shell that it started
 * the command in, and to nothing else: the shell ends, and what runs in it would go on for ever, without anybody to end
 * it. Started otherwise, a server may well outlive its parent.
 */
export function whenOrphaned(env: NodeJS.ProcessEnv, end: () => void): void {
  if (env.npm_command === undefined && env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    end();
  }, LOOK_EVERY_MS);
  // It is no reason to stay.
  looking.unref();
}

const LOOK_EVERY_MS = 250;

/**
 * Calls `end` when npm started this process and its parent has ended. npm sends a signal only to the shell in which it
 * runs the command: the shell ends, and the server would run on unattended. A server that npm did not start may
 * outlive its parent.
 */
export function whenOrphaned(env: NodeJS.ProcessEnv, end: () => void): void {
  if (env.npm_command === undefined && env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    end();
  }, LOOK_EVERY_MS);
  // The check alone must not keep the process running.
  looking.unref();
}

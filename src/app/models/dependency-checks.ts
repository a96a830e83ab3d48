import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { DependencySettings } from '../../config/dependency-settings.ts';
import type { DependencyChecker } from '../../fleet/version/version-spec.ts';

/** Checks dependencies for real: by a TCP connection, an HTTP answer, or a command that succeeds. */
export const DEPENDENCY_CHECKS: DependencyChecker = {
  check(dependency, timeoutMs, done) {
    void check(dependency, timeoutMs).then(
      () => done(undefined),
      (caught: unknown) => done(messageOf(caught)),
    );
  },
};

async function check({ tcp, http, command }: DependencySettings, timeoutMs: number): Promise<void> {
  if (tcp !== undefined) await connectTo(tcp, timeoutMs);
  else if (http !== undefined) await get(http, timeoutMs);
  else if (command !== undefined) await run(command, timeoutMs);
}

async function connectTo(address: string, timeoutMs: number): Promise<void> {
  const colon = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (problem?: Error) => {
      socket.destroy();
      if (problem === undefined) resolve();
      else reject(problem);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(new Error(`no connection within ${timeoutMs} ms`)));
    socket.once('error', end);
  });
}

async function get(url: string, timeoutMs: number): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`it answered with HTTP status ${response.status}`);
}

async function run([program = '', ...args]: readonly string[], timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(program, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error) => {
      if (error === null) resolve();
      else
        reject(
          new Error(error.killed ? `the command did not end within ${timeoutMs} ms` : error.message.trim()),
        );
    });
  });
}

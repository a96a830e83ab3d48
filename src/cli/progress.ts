import type { WriteStream } from 'node:tty';
import type { VersionInService } from '../fleet/version/version-in-service.ts';

const SIGNS: Readonly<Record<string, string>> = {
  ready: '●',
  warming: '◐',
  starting: '○',
  backoff: '!',
  failed: '✗',
};

/**
 * Shows the state of every replica during the start: one updating line on a terminal, else one line for each change of
 * state. The caller ends it when the start is over, because failed replicas are retried later.
 */
export function showProgress(
  versions: readonly VersionInService[],
  out: Pick<WriteStream, 'isTTY' | 'write'>,
): () => void {
  const stops = versions.map((version) =>
    version.supervisor.lifecycle.moved.on(({ replica, to, reason }) => {
      if (out.isTTY) out.write(`\r\u001b[K${line(versions)}`);
      else if (to !== 'draining' && to !== 'stopped') out.write(`loading ${replica}: ${to} (${reason})\n`);
    }),
  );
  return () => {
    if (out.isTTY) out.write('\r\u001b[K');
    for (const stop of stops) stop();
  };
}

function line(versions: readonly VersionInService[]): string {
  const parts = versions.map((version) => {
    const signs = version.supervisor.replicas().map(({ state }) => SIGNS[state] ?? '·');
    return `${version.name} ${signs.join('')}`;
  });
  return `loading  ${parts.join('   ')}`;
}

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
 * Shows how far every replica is: in one line that changes on a terminal, in a line for each step elsewhere. It ends when
 * the start has, which is for the caller to say: a replica that is tried again later is no part of it.
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

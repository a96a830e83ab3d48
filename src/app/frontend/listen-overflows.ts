import { readFileSync } from 'node:fs';

const COUNTERS = '/proc/net/netstat';

/**
 * Connections that the kernel refused because a listen queue was full, as `ListenOverflows` of /proc/net/netstat counts
 * them for the whole network namespace; undefined where that cannot be read.
 */
export function listenOverflows(read: () => string = readCounters): number | undefined {
  try {
    return listenOverflowsIn(read());
  } catch {
    return undefined;
  }
}

/** The file has pairs of lines that begin alike: the names of the counters, then their values. */
function listenOverflowsIn(text: string): number | undefined {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  const index = names?.indexOf('ListenOverflows') ?? -1;
  const count = Number(values?.[index]);
  return Number.isFinite(count) ? count : undefined;
}

function readCounters(): string {
  return readFileSync(COUNTERS, 'latin1');
}

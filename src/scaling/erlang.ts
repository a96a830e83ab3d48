import { exp } from '../base/elementary.ts';

/**
 * Probability that a request waits for a server, of `servers` that are offered `load` (arrival rate times service time):
 * the Erlang C formula. 1 when the load is not less than the servers.
 */
export function erlangC(servers: number, load: number): number {
  if (load >= servers) return 1;
  let blocked = 1;
  for (let each = 1; each <= servers; each++) blocked = (load * blocked) / (each + load * blocked);
  return blocked / (1 - (load / servers) * (1 - blocked));
}

/** A queue in front of equal servers. Times in ms, the rate in requests per ms. */
export interface Queue {
  readonly rate: number;
  readonly serviceMs: number;
  /** Half the sum of the squared coefficients of variation of gaps and service times; 1 for a memoryless queue. */
  readonly variability: number;
}

/** Probability that a request waits longer than `waitMs`. For other queues than memoryless ones it is an approximation. */
export function waitsLonger(
  { rate, serviceMs, variability }: Queue,
  servers: number,
  waitMs: number,
): number {
  const load = rate * serviceMs;
  if (load >= servers) return 1;
  const decay = (servers - load) / (serviceMs * Math.max(variability, Number.MIN_VALUE));
  return erlangC(servers, load) * exp(-decay * waitMs);
}

/** The least number of servers with which at most the share `share` waits longer than `waitMs`; at most `most`. */
export function serversFor(queue: Queue, waitMs: number, share: number, most: number): number {
  let servers = Math.max(1, Math.floor(queue.rate * queue.serviceMs));
  while (servers < most && waitsLonger(queue, servers, waitMs) > share) servers += 1;
  return Math.min(servers, most);
}

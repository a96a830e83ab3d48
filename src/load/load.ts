import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Schedule } from './schedule.ts';

/** One run: what is sent, when, and for how long. */
export interface Load {
  /** Serialised, and sent in rotation. */
  readonly requests: readonly Buffer[];
  readonly schedule: Schedule;
  /** Requests due in this first stretch are sent and not counted. In its first half an open loop speeds up. */
  readonly warmupMs: number;
  /** After the warm-up. Without it `requestCount` ends the run; with both, what comes first. */
  readonly durationMs?: number | undefined;
  readonly requestCount?: number | undefined;
  /** From the instant a request is due; after that it has failed. */
  readonly timeoutMs: number;
  /** For the open loop; in a closed one the concurrency is the number of connections. */
  readonly maxConnections: number;
  /** Puts the first answer that is counted into the report. */
  readonly keepsFirstAnswer: boolean;
}

/** What a run takes from the process it runs in. */
export interface LoadEnv {
  readonly clock: Clock;
  /** The time line of `clock`, but exact at every call, where the clock stands still within a turn. */
  readonly now: () => number;
  /** CPU time that this process has used so far, in microseconds. */
  readonly cpuMicros: () => number;
  readonly random: Random;
}

/** Throws on settings that make no sense, before anything is sent. */
export function checkLoad(load: Load): void {
  const { requests, warmupMs, durationMs, requestCount, timeoutMs, maxConnections } = load;
  if (requests.length === 0) throw new RangeError('a load needs at least one request');
  if (durationMs === undefined && requestCount === undefined) {
    throw new RangeError('a load needs durationMs or requestCount, or it would never end');
  }
  check(
    warmupMs >= 0 && warmupMs < Number.POSITIVE_INFINITY,
    'warmupMs',
    'a duration of at least 0',
    warmupMs,
  );
  check(durationMs === undefined || durationMs > 0, 'durationMs', 'above 0', durationMs);
  check(requestCount === undefined || isCount(requestCount), 'requestCount', COUNT, requestCount);
  check(timeoutMs > 0, 'timeoutMs', 'above 0', timeoutMs);
  check(isCount(maxConnections), 'maxConnections', COUNT, maxConnections);
}

const COUNT = 'a whole number of at least 1';

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function check(isRight: boolean, name: string, rule: string, value: number | undefined): void {
  if (!isRight) throw new RangeError(`${name} must be ${rule}, not ${value}`);
}

import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Connect } from './raw-connection.ts';
import type { Schedule } from './schedule.ts';

/** The parameters of a run. */
export interface Load {
  /** Serialised requests, sent in rotation. */
  readonly requests: readonly Buffer[];
  readonly schedule: Schedule;
  /** Requests due in this first period are sent but not counted. In its first half, an open loop ramps up. */
  readonly warmupMs: number;
  /** Measured after the warmup. The run ends after this or after `requestCount`, whichever comes first. */
  readonly durationMs?: number | undefined;
  readonly requestCount?: number | undefined;
  /** Measured from the due time of a request; then it has failed. */
  readonly timeoutMs: number;
  /** For the open loop; a closed loop has as many connections as its concurrency. */
  readonly maxConnections: number;
  /** Whether the report contains the first counted answer. */
  readonly keepsFirstAnswer: boolean;
  /** Sleeps between requests that are due within milliseconds, and so leaves its core to the server; default false. */
  readonly isFrugal?: boolean | undefined;
  /** Latency up to which an answer counts as in time; without it all count. */
  readonly withinMs?: number | undefined;
}

/** What a run needs from its process. */
export interface LoadEnv {
  readonly clock: Clock;
  /** The exact time at every call, whereas `clock` is constant within a turn. */
  readonly now: () => number;
  /** CPU time used by this process so far, in microseconds. */
  readonly cpuMicros: () => number;
  readonly random: Random;
  readonly connect: Connect;
}

/** Throws a RangeError for an invalid load, before anything is sent. */
export function checkLoad(load: Load): void {
  const { requests, warmupMs, durationMs, requestCount, timeoutMs, maxConnections } = load;
  if (requests.length === 0) throw new RangeError('requests is empty, wanted at least one request');
  if (durationMs === undefined && requestCount === undefined) {
    throw new RangeError(
      'durationMs and requestCount are missing, wanted at least one of them: the load would never end',
    );
  }
  check(
    warmupMs >= 0 && warmupMs < Number.POSITIVE_INFINITY,
    'warmupMs',
    'a duration of at least 0',
    warmupMs,
  );
  check(durationMs === undefined || durationMs > 0, 'durationMs', 'a number above 0', durationMs);
  check(requestCount === undefined || isCount(requestCount), 'requestCount', COUNT, requestCount);
  check(timeoutMs > 0, 'timeoutMs', 'a number above 0', timeoutMs);
  check(isCount(maxConnections), 'maxConnections', COUNT, maxConnections);
}

const COUNT = 'a whole number of at least 1';

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function check(isRight: boolean, name: string, rule: string, value: number | undefined): void {
  if (!isRight) throw new RangeError(`${name} is ${value}, wanted ${rule}`);
}

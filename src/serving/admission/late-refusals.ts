import { type Refusal, refuse } from '../../base/errors.ts';

/** The refusal of a request whose timeout passed before it could be admitted, after a measured `waitedMs`. */
export function lateBefore(waitedMs: number): Refusal {
  return late('DEADLINE_ARRIVING', `arriving or being read after ${Math.round(waitedMs)} ms`);
}

/**
 * The refusal of an admitted request whose timeout passed; `deadline` and `receivedAt` are times of the clock, in ms. Of a
 * body that took several turns, it names what was left of the timeout.
 */
export function lateAt(deadline: number, receivedAt: number, isRunning: boolean): Refusal {
  // Timeouts are mostly given in microseconds at the finest. The difference of two clock times is a little off: 150.5 may return as 150.49999.
  const timeoutMs = Math.round((deadline - receivedAt) * 1000) / 1000;
  return isRunning
    ? late('DEADLINE_RUNNING', `running after ${timeoutMs} ms`)
    : late('DEADLINE_QUEUED', `waiting after ${timeoutMs} ms`);
}

function late(reason: 'DEADLINE_ARRIVING' | 'DEADLINE_QUEUED' | 'DEADLINE_RUNNING', still: string): Refusal {
  return refuse(reason, `Request timeout expired: still ${still}`);
}

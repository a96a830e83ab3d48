import { httpStatusOf, type Reason, type Refusal, retryAfterMsOf } from './errors.ts';

/** A call of a model that was refused or has failed. */
export class GalleyError extends Error {
  override readonly name = 'GalleyError';
  /** The stable reason, such as `QUEUE_FULL` or `DEADLINE_QUEUED`. */
  readonly code: Reason;
  /** The status that an answer over HTTP has for this reason. */
  readonly status: number;
  /** Delay before the call should be repeated; undefined where that does not help. */
  readonly retryAfterMs: number | undefined;

  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(refusal.message, options);
    this.code = refusal.reason;
    this.status = httpStatusOf(refusal.reason);
    this.retryAfterMs = retryAfterMsOf(refusal);
  }
}

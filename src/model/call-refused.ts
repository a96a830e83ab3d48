import type { Reason } from '../base/errors.ts';

/** What a call of another model rejects with when it is refused. A model that does not catch it fails its requests with it. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
  /** The reason, such as `DEADLINE_QUEUED`. */
  readonly code: Reason;

  constructor(code: Reason, message: string) {
    super(message);
    this.code = code;
  }
}

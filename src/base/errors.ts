/**
 * All reasons for a refusal. The reason codes are stable: clients and dashboards may rely on them. The caller must fix
 * a 4xx, a 503 is temporary and may be retried, and a 504 means that the deadline passed.
 */
const REASONS = {
  MALFORMED: { http: 400, grpc: 3 },
  INVALID_INPUT: { http: 400, grpc: 3 },
  BATCH_TOO_LARGE: { http: 400, grpc: 3 },
  UNAUTHENTICATED: { http: 401, grpc: 16 },
  FORBIDDEN: { http: 403, grpc: 7 },
  NOT_FOUND: { http: 404, grpc: 5 },
  MODEL_UNKNOWN: { http: 404, grpc: 5 },
  VERSION_UNKNOWN: { http: 404, grpc: 5 },
  METHOD_NOT_ALLOWED: { http: 405, grpc: 12 },
  CONFLICT: { http: 409, grpc: 9 },
  BODY_TIMEOUT: { http: 408, grpc: 4 },
  BODY_TOO_LARGE: { http: 413, grpc: 8 },
  ENCODING_UNSUPPORTED: { http: 415, grpc: 12 },
  TENANT_QUOTA: { http: 429, grpc: 8, retryAfterMs: 1_000 },
  CANCELLED: { http: 499, grpc: 1 },
  DENIED_INPUT: { http: 422, grpc: 3 },
  POISON_INPUT: { http: 422, grpc: 3 },
  INTERNAL: { http: 500, grpc: 13 },
  MODEL_ERROR: { http: 500, grpc: 13 },
  BAD_OUTPUT: { http: 500, grpc: 13 },
  NOT_OFFERED: { http: 501, grpc: 12 },
  QUEUE_FULL: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  CLASS_SHED: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  DISPLACED: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  PREDICTED_LATE: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  DROPPED_LATE: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  BODIES_IN_FLIGHT: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  MODEL_STARTING: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  MODEL_FAILED: { http: 503, grpc: 14, retryAfterMs: 60_000 },
  REPLICA_LOST: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  DRAINING: { http: 503, grpc: 14, retryAfterMs: 1_000 },
  DEADLINE_ARRIVING: { http: 504, grpc: 4 },
  DEADLINE_QUEUED: { http: 504, grpc: 4 },
  DEADLINE_RUNNING: { http: 504, grpc: 4 },
} as const satisfies Record<string, ReasonFacts>;

interface ReasonFacts {
  readonly http: number;
  readonly grpc: number;
  /** Delay before a client should retry. */
  readonly retryAfterMs?: number;
}

export type Reason = keyof typeof REASONS;

/** Whether a text is a reason of the table. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}

/** A refusal as a value: it costs no stack trace and is passed on like any other outcome. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly reason: Reason;
  /** For the caller: what came, what was wanted, how to fix it. */
  readonly message: string;
  /** The parameter of the request that is wrong, for protocols that name it. */
  readonly param?: string;
  /** Delay before a retry, where it is known better than from the reason. */
  readonly retryAfterMs?: number;
  /** It answers many requests: what is made of it may be kept. */
  readonly isPrepared?: true;
  /** The internal error, for the log only. */
  readonly cause?: unknown;
}

export function refuse(reason: Reason, message: string, retryAfterMs?: number): Refusal {
  const kind = 'refusal';
  return retryAfterMs === undefined ? { kind, reason, message } : { kind, reason, message, retryAfterMs };
}

export function httpStatusOf(reason: Reason): number {
  return REASONS[reason].http;
}

export function retryAfterMsOf(refusal: Refusal): number | undefined {
  const facts: ReasonFacts = REASONS[refusal.reason];
  return refusal.retryAfterMs ?? facts.retryAfterMs;
}

/** Distinguishes a refusal from an answer by its tag. */
export function isRefusal(value: object): value is Refusal {
  return (value as Partial<Refusal>).kind === 'refusal';
}

/** A refusal as an exception. */
export class ServingError extends Error {
  override readonly name = 'ServingError';
  readonly refusal: Refusal;

  constructor(reason: Reason, message: string, options?: ErrorOptions & { readonly param?: string }) {
    super(message, options);
    const param = options?.param === undefined ? {} : { param: options.param };
    this.refusal = { kind: 'refusal', reason, message, ...param, cause: options?.cause };
  }

  /** Any other error becomes INTERNAL: its text goes to the log as `cause`, never to a client. */
  static from(caught: unknown): ServingError {
    if (caught instanceof ServingError) return caught;
    return new ServingError('INTERNAL', 'internal error', { cause: caught });
  }
}

/** A mistake of the operator, such as in settings, files or ports. A command prints only its message. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}

/** The message of any thrown value. Never throws. */
export function messageOf(caught: unknown): string {
  try {
    return caught instanceof Error ? caught.message : String(caught);
  } catch {
    // A thrown value may have a toString that throws.
    return 'a value was thrown that cannot be converted to text';
  }
}

/** The compiler rejects a call unless all cases are covered. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}

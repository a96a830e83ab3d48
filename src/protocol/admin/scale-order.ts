import { type Refusal, refuse } from '../../base/errors.ts';

/** An operator's order about the replicas of a model. */
export interface ScaleOrder {
  /** auto: the number follows the settings again; undefined: it stays as it is. */
  readonly replicas: number | 'auto' | undefined;
  /** Compute threads per replica; undefined: as they are. */
  readonly threads: number | undefined;
  /** undefined: until it is released. */
  readonly forMs: number | undefined;
  readonly version: string | undefined;
}

/** More replicas than any machine runs: a larger number is a mistake. */
const MOST_REPLICAS = 1_000;
const MOST_THREADS = 256;
const KNOWN = ['replicas', 'threads', 'forMs', 'version'];

/** Reads `?replicas=4&forMs=60000`, or `?replicas=auto`. */
export function readScaleOrder(query: Readonly<Record<string, unknown>>): ScaleOrder | Refusal {
  const unknown = Object.keys(query).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) {
    return refuse(
      'INVALID_INPUT',
      `parameter '${unknown.slice(0, 40)}' is unknown, wanted ${KNOWN.join(', ')}`,
    );
  }
  const { replicas, threads, forMs, version } = query;
  if (version !== undefined && typeof version !== 'string') {
    return refuse('INVALID_INPUT', "parameter 'version' is given more than once, wanted once");
  }
  const size = threads === undefined ? undefined : wholeNumber(threads);
  if (threads !== undefined && (size === undefined || size === 0 || size > MOST_THREADS)) {
    return refuse(
      'INVALID_INPUT',
      `parameter 'threads' is '${String(threads).slice(0, 40)}', wanted a whole number from 1 to ${MOST_THREADS}`,
    );
  }
  if (replicas === 'auto' || (replicas === undefined && size !== undefined)) {
    if (forMs !== undefined) {
      return refuse(
        'INVALID_INPUT',
        "parameter 'forMs' is given without a number of replicas, wanted replicas=N",
      );
    }
    return { replicas: replicas && 'auto', threads: size, forMs: undefined, version };
  }
  const count = wholeNumber(replicas);
  if (count === undefined || count === 0 || count > MOST_REPLICAS) {
    return refuse(
      'INVALID_INPUT',
      `parameter 'replicas' is '${String(replicas).slice(0, 40)}', wanted a whole number from 1 to ${MOST_REPLICAS}, or auto (for none without traffic, set autoscaling.minReplicas to 0)`,
    );
  }
  const lasting = forMs === undefined ? undefined : wholeNumber(forMs);
  if (forMs !== undefined && (lasting === undefined || lasting === 0)) {
    return refuse(
      'INVALID_INPUT',
      `parameter 'forMs' is '${String(forMs).slice(0, 40)}', wanted a whole number of at least 1`,
    );
  }
  return { replicas: count, threads: size, forMs: lasting, version };
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

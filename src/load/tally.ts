import { Histogram } from '../base/histogram.ts';
import type { FirstAnswer, LatencySummary } from './load-report.ts';
import type { FailureKind } from './raw-connection.ts';

const LONGEST_ERROR_TEXT = 300;

/** Whether the status is 2xx. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Counts the results of the requests that are due in the measured window. */
export class Tally {
  readonly #keepsFirstAnswer: boolean;
  readonly #withinMs: number;
  readonly #latencyMs = new Histogram();
  readonly #issueDelayMs = new Histogram();
  readonly #statuses = new Map<number, number>();
  readonly #failures = new Map<FailureKind, number>();
  #requests = 0;
  #inTime = 0;
  #firstError: string | undefined;
  #firstAnswer: FirstAnswer | undefined;

  constructor(keepsFirstAnswer: boolean, withinMs = Number.POSITIVE_INFINITY) {
    this.#keepsFirstAnswer = keepsFirstAnswer;
    this.#withinMs = withinMs;
  }

  /** Number of due requests, sent or not. */
  get requests(): number {
    return this.#requests;
  }

  /** Keeping bodies takes time, so it ends with the first answer or error for the report. */
  wantsBody(status: number): boolean {
    if (this.#keepsFirstAnswer && this.#firstAnswer === undefined) return true;
    return !isSuccess(status) && this.#firstError === undefined;
  }

  due(): void {
    this.#requests += 1;
  }

  sent(delayMs: number): void {
    this.#issueDelayMs.record(delayMs);
  }

  answered(request: number, status: number, latencyMs: number, body: Buffer | undefined): void {
    count(this.#statuses, status);
    if (isSuccess(status)) {
      this.#latencyMs.record(latencyMs);
      if (latencyMs <= this.#withinMs) this.#inTime += 1;
    } else this.#firstError ??= shortened(`status ${status}: ${body?.toString() ?? ''}`);
    if (this.#keepsFirstAnswer && this.#firstAnswer === undefined && body !== undefined) {
      this.#firstAnswer = { request, status, bodyBase64: body.toString('base64') };
    }
  }

  failed(kind: FailureKind, text: string): void {
    count(this.#failures, kind);
    this.#firstError ??= shortened(`${kind}: ${text}`);
  }

  /** The part of the report about the requests. */
  summary() {
    return {
      requests: this.#requests,
      succeeded: this.#latencyMs.count,
      inTime: this.#inTime,
      latencyMs: summaryOf(this.#latencyMs),
      statusClasses: this.#statusClasses(),
      errors: this.#errors(),
      firstError: this.#firstError,
      issueDelayP99Ms: this.#issueDelayMs.quantile(0.99),
      firstAnswer: this.#firstAnswer,
    };
  }

  #statusClasses(): Record<string, number> {
    const classes: Record<string, number> = {};
    for (const [status, answers] of this.#statuses) {
      const name = `${Math.floor(status / 100)}xx`;
      classes[name] = (classes[name] ?? 0) + answers;
    }
    return classes;
  }

  #errors(): Record<string, number> {
    const errors: Record<string, number> = Object.fromEntries(this.#failures);
    for (const [status, answers] of this.#statuses) {
      if (!isSuccess(status)) errors[`status:${status}`] = answers;
    }
    return errors;
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function shortened(text: string): string {
  return text.slice(0, LONGEST_ERROR_TEXT);
}

function summaryOf(histogram: Histogram): LatencySummary {
  return {
    mean: histogram.mean,
    p50: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p99: histogram.quantile(0.99),
    p999: histogram.quantile(0.999),
    max: histogram.max,
  };
}

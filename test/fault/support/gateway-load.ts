import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';

/** The body of a request with one input of one number. */
export function bodyOf(
  input: string,
  datatype: string,
  value: number,
  shape: readonly number[] = [1],
): string {
  return JSON.stringify({ inputs: [{ name: input, shape, datatype, data: [value] }] });
}

export async function infer(url: string, model: string, body: string): Promise<Response> {
  return fetch(`${url}/v2/models/${model}/infer`, { method: 'POST', body });
}

/** Keeps a replica of the model `slow` busy for so long. */
export async function slow(url: string, ms: number): Promise<Response> {
  return infer(url, 'slow', bodyOf('ms', 'FP32', ms));
}

/** Longer than any fault test; bounds the load of a failed one. */
const LIMIT_MS = 60_000;

/**
 * Clients that are not involved in the fault: each sends its next request as soon as it is answered. They must get
 * only 200, whatever happens to others.
 */
export class Bystanders {
  readonly #ask: () => Promise<Response>;
  readonly #check: (body: string) => void;
  readonly #clients: Promise<void>[];
  readonly #failures: string[] = [];
  #answered = 0;
  #isOver = false;

  constructor(ask: () => Promise<Response>, { clients = 3, check = (_body: string): void => {} } = {}) {
    this.#ask = ask;
    this.#check = check;
    const untilMs = performance.now() + LIMIT_MS;
    this.#clients = Array.from({ length: clients }, async () => this.#keepAsking(untilMs));
  }

  get answered(): number {
    return this.#answered;
  }

  /** Resolves when so many more have been answered. */
  async answersMore(count: number): Promise<void> {
    const wanted = this.#answered + count;
    await until(`bystanders have ${count} more answers`, () => this.#answered >= wanted);
  }

  /** Ends the load; fails when any request was refused. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    assert.deepEqual(this.#failures, []);
    assert.ok(this.#answered > 0, 'no request was answered');
  }

  async #keepAsking(untilMs: number): Promise<void> {
    while (!this.#isOver && performance.now() < untilMs) {
      try {
        const response = await this.#ask();
        const body = await response.text();
        if (response.status !== 200) throw new Error(`${response.status} ${body.slice(0, 200)}`);
        this.#check(body);
        this.#answered += 1;
      } catch (caught) {
        const { message, cause } = caught as Error;
        this.#failures.push(cause === undefined ? message : `${message}: ${String(cause)}`);
        return;
      }
    }
  }
}

import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** The answer to one request. */
export interface Reply {
  /** 0 when the connection broke. */
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

/** The results of a load. */
export interface LoadReport {
  readonly count: number;
  /** Descriptions of wrong answers. */
  readonly wrong: readonly string[];
  readonly slowestMs: number;
}

/** Bounds the load of a failed test. */
const LIMIT_MS = 40_000;
const PAUSE_MS = 2;
const PATIENCE_MS = 15_000;

/** Sends one request over the agent. */
export async function send(agent: Agent, url: string, body?: string): Promise<Reply> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const reply = (status: number, text: string) =>
      resolve({ status, body: text, ms: performance.now() - startedAt });
    const sent = request(url, { agent, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => reply(response.statusCode ?? 0, text));
      response.on('error', (error) => reply(0, error.message));
    });
    sent.on('error', (error) => reply(0, error.message));
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error(`no answer after ${PATIENCE_MS} ms`)));
    sent.end(body);
  });
}

/** The request that asks the model `faulty` for the length of a word. */
export function wordRequest(word: string, parameters: object = {}): string {
  const input = { name: 'word', shape: [1], datatype: 'BYTES', data: [word] };
  return JSON.stringify({ inputs: [input], parameters });
}

/** Clients that send valid requests one after the other, each over its own connection, until stopped. */
export class Load {
  readonly #latenciesMs: number[] = [];
  readonly #wrong: string[] = [];
  readonly #clients: Promise<void>[];
  #isOver = false;

  constructor(url: string, clients = 6) {
    this.#clients = Array.from({ length: clients }, async (_, index) => this.#send(url, index));
  }

  /** Requests answered so far. */
  get count(): number {
    return this.#latenciesMs.length;
  }

  /** Drops the latencies so far and starts a new measurement. */
  restartClock(): void {
    this.#latenciesMs.length = 0;
  }

  get p99Ms(): number {
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b);
    return sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 0;
  }

  async stop(): Promise<LoadReport> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return { count: this.count, wrong: this.#wrong, slowestMs: Math.max(...this.#latenciesMs) };
  }

  async #send(url: string, client: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const startedAt = performance.now();
    for (let sent = 0; !this.#isOver && performance.now() - startedAt < LIMIT_MS; sent++) {
      // Words of many lengths, so that an answer to the wrong caller is detected.
      const word = 'x'.repeat(1 + ((7 * sent + client) % 50));
      const { status, body, ms } = await send(agent, url, wordRequest(word));
      this.#latenciesMs.push(ms);
      if (status !== 200) this.#wrong.push(`${status} ${body}`);
      else if (lengthIn(body) !== word.length) this.#wrong.push(`wrong answer: ${body} for ${word}`);
      await pause(PAUSE_MS);
    }
    agent.destroy();
  }
}

function lengthIn(body: string): number | undefined {
  return (JSON.parse(body) as { outputs: { data: number[] }[] }).outputs[0]?.data[0];
}

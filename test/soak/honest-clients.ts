import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Random, seededRandom } from '../../src/base/random.ts';

/** Results of the well-behaved clients. */
export interface HonestReport {
  readonly answered: number;
  /** Number of wrong answers; `failures` describes the first TOLD of them. */
  readonly failed: number;
  readonly failures: readonly string[];
  readonly p99Ms: number;
}

const PAUSE_MS = 15;
const PATIENCE_MS = 30_000;
const TOLD = 10;

/** Clients that send requests to the echo model in sequence and verify every returned number. */
export class HonestClients {
  readonly #url: string;
  readonly #failures: string[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #clients: Promise<void>[];
  #failed = 0;
  #isOver = false;

  constructor(url: string, clients: number) {
    this.#url = url;
    this.#clients = Array.from({ length: clients }, async (_, index) =>
      this.#run(seededRandom(`honest ${index}`)),
    );
  }

  async stop(): Promise<HonestReport> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    const sorted = this.#latenciesMs.sort((a, b) => a - b);
    return {
      answered: sorted.length,
      failed: this.#failed,
      failures: this.#failures,
      p99Ms: sorted[Math.floor(0.99 * sorted.length)] ?? 0,
    };
  }

  async #run(random: Random): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.#isOver) {
      const rows = 1 + (random.uint32() % 3);
      const width = 1 + (random.uint32() % 8);
      const data = Array.from({ length: rows * width }, () => Math.fround(random.unit()));
      const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, width], data }] });
      const startedAt = performance.now();
      const problem = await ask(agent, `${this.#url}/v2/models/echo/infer`, body, data);
      this.#latenciesMs.push(performance.now() - startedAt);
      if (problem !== undefined) {
        this.#failed += 1;
        if (this.#failures.length < TOLD) this.#failures.push(problem);
      }
      await pause(PAUSE_MS);
    }
    agent.destroy();
  }
}

/** What is wrong with an answer; undefined when it is right. */
async function ask(agent: Agent, url: string, body: string, wanted: number[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, method: 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => {
        if (response.statusCode !== 200) {
          resolve(`${response.statusCode} ${text.slice(0, 200)}`);
          return;
        }
        const { outputs } = JSON.parse(text) as { outputs: { data: number[] }[] };
        const got = outputs[0]?.data ?? [];
        const isRight = got.length === wanted.length && got.every((each, index) => each === wanted[index]);
        resolve(isRight ? undefined : `other numbers: ${got.slice(0, 4)} for ${wanted.slice(0, 4)}`);
      });
    });
    sent.on('error', (error) => resolve(error.message));
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error('no answer')));
    sent.end(body);
  });
}

import { createHook } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { createServer as createHttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getHeapSpaceStatistics } from 'node:v8';
import { runLoadInProcess } from '../../src/cli/run-load.ts';
import { createServer } from '../../src/index.ts';

/** What one request costs a server in this process. */
export interface RequestCost {
  /** Listeners added to the request and the response, those of Node included. */
  readonly listeners: number;
  /** Timers created, those of Node included. */
  readonly timers: number;
  /** Bytes that reach the old generation. */
  readonly promotedBytes: number;
}

const REQUESTS = 20_000;
const SAMPLE_MS = 3;
const MODEL = fileURLToPath(new URL('../../../examples/models/digits', import.meta.url));
const VALUES = Buffer.from(new Float32Array(784).fill(0.5).buffer);
const HEAD = Buffer.from(
  JSON.stringify({
    parameters: { binary_data_output: true },
    inputs: [
      {
        name: 'image',
        shape: [1, 784],
        datatype: 'FP32',
        parameters: { binary_data_size: VALUES.byteLength },
      },
    ],
  }),
);

const counts = { listeners: 0, timers: 0 };

for (const prototype of [
  IncomingMessage.prototype,
  ServerResponse.prototype,
  Socket.prototype,
] as EventEmitter[]) {
  const on = prototype.on;
  prototype.on = prototype.addListener = function counted(event, listener) {
    counts.listeners += 1;
    return on.call(this, event, listener);
  };
}
createHook({
  init(_id, type) {
    if (type === 'Timeout') counts.timers += 1;
  },
}).enable();
async function load(port: number, requestCount: number): Promise<void> {
  const report = await runLoadInProcess({
    target: { host: '127.0.0.1', port },
    requests: [
      {
        method: 'POST',
        path: '/v2/models/digits/infer',
        headers: { 'inference-header-content-length': String(HEAD.byteLength) },
        bodyBase64: Buffer.concat([HEAD, VALUES]).toString('base64'),
      },
    ],
    schedule: { kind: 'closed', concurrency: 64 },
    warmupMs: 0,
    requestCount,
    timeoutMs: 30_000,
    maxConnections: 64,
    keepsFirstAnswer: false,
  });
  if (report.succeeded < report.requests) throw new Error(report.firstError ?? 'requests failed');
}

async function costOf(port: number): Promise<RequestCost> {
  await load(port, REQUESTS);
  const before = { ...counts };
  const promotion = new Promotion();
  await load(port, REQUESTS);
  return {
    listeners: (counts.listeners - before.listeners) / REQUESTS,
    timers: (counts.timers - before.timers) / REQUESTS,
    promotedBytes: promotion.stop() / REQUESTS,
  };
}

/** Adds up how the old generation grows; what its collections take away between two samples is not subtracted. */
class Promotion {
  #bytes = 0;
  #last = oldBytes();
  readonly #sampling = setInterval(() => this.#sample(), SAMPLE_MS);

  stop(): number {
    clearInterval(this.#sampling);
    this.#sample();
    return this.#bytes;
  }

  #sample(): void {
    const now = oldBytes();
    this.#bytes += Math.max(0, now - this.#last);
    this.#last = now;
  }
}

function oldBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => /old|large/.test(space_name) && !/new/.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}

const bare = createHttpServer((req, res) => {
  req.on('data', () => {});
  req.on('end', () => res.end('{}'));
});
await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
const bareCost = await costOf((bare.address() as AddressInfo).port);
bare.close();

async function galleyCost(fastLane: boolean): Promise<RequestCost> {
  const server = await createServer({
    settings: {
      ...{ port: 0, log: { level: 'silent' }, http: { fastLane } },
      models: { digits: { path: MODEL, replicas: 1 } },
    },
  });
  const cost = await costOf(Number(new URL(server.url).port));
  await server.stop();
  return cost;
}

const fastLane = await galleyCost(true);
const ofNode = await galleyCost(false);
console.log(JSON.stringify({ bare: bareCost, fastLane, ofNode }));

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runLoadInProcess } from '../src/cli/run-load.ts';
import type { JobRequest, LoadJob } from '../src/load/load-job.ts';
import type { LoadReport } from '../src/load/load-report.ts';
import { RunningServer } from '../test/support/running-server.ts';
import { type BenchModelName, writeBenchModels } from './models.ts';

const NULL_SERVER = fileURLToPath(new URL('./null-server.js', import.meta.url));
const ORT_LOOP = fileURLToPath(new URL('./ort-loop.js', import.meta.url));
const BURNER = fileURLToPath(new URL('./burner.js', import.meta.url));
/** The folder of the net whose batches take one to three times their time. */
const NOISY_NET = fileURLToPath(new URL('./noisy-net', import.meta.url));

/** The folder of a model that waits. */
const WAITING_NET = fileURLToPath(new URL('./waiting-net', import.meta.url));
/** The folder of a model that calls two others. */
const CHAINED_NET = fileURLToPath(new URL('./chained-net', import.meta.url));
/** The folder of a model that harms itself. */
const BAD_NEIGHBOUR = fileURLToPath(new URL('./bad-neighbour', import.meta.url));
const MODULES = { noisy: NOISY_NET, waiting: WAITING_NET, chained: CHAINED_NET, neighbour: BAD_NEIGHBOUR };

/** The folder of a bench model that is a module. */
export function moduleFolder(model: keyof typeof MODULES): string {
  return MODULES[model];
}

/** A server under load. */
export interface Contender {
  readonly port: number;
  /** Its process id, for scenarios that end replicas. */
  readonly pid?: number;
  stop(): Promise<void>;
}

/** A bench model, or one that is a module. */
export type ServedModelName = BenchModelName | keyof typeof MODULES;

/** A folder of bench models and the processes started from it; `close` ends the processes and removes the folder. */
export class Workbench {
  readonly #folder = mkdtempSync(join(tmpdir(), 'galley-bench-'));
  readonly #contenders: Contender[] = [];
  #files = 0;

  constructor(models: readonly BenchModelName[]) {
    writeBenchModels(this.#folder, models);
  }

  modelFile(model: BenchModelName): string {
    return join(this.#folder, model, '1', 'model.onnx');
  }

  modelFolder(model: BenchModelName): string {
    return join(this.#folder, model);
  }

  /** Writes a settings file for one model. */
  settingsFile(model: ServedModelName, settings: object, server: { readonly models?: object } = {}): string {
    const file = join(this.#folder, `${this.#files++}.yaml`);
    const path = model in MODULES ? MODULES[model as keyof typeof MODULES] : join(this.#folder, model);
    writeFileSync(
      file,
      JSON.stringify({ ...server, models: { ...server.models, [model]: { path, ...settings } } }),
    );
    return file;
  }

  async galley(model: ServedModelName, settings: object, server: object = {}): Promise<Contender> {
    const args = [this.settingsFile(model, settings, server), '--log-level', 'silent'];
    const running = await RunningServer.start(args, { isRecorded: false });
    const { pid, url } = running;
    return this.#keep({ port: Number(new URL(url).port), pid, stop: async () => running.stop() });
  }

  /** A minimal node:http server that answers these bytes. */
  async nullServer(answer: object): Promise<Contender> {
    const child = spawn(process.execPath, [NULL_SERVER, JSON.stringify(answer)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const port = await new Promise<number>((resolve) => {
      createInterface({ input: child.stdout }).once('line', (line) =>
        resolve((JSON.parse(line) as { port: number }).port),
      );
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return this.#keep({
      ...{ port, ...(child.pid === undefined ? {} : { pid: child.pid }) },
      stop: async () => {
        child.stdin.end();
        await ended;
      },
    });
  }

  /** Runs a plain onnxruntime loop in a separate process. */
  async ortLoop(
    model: BenchModelName,
    shape: readonly number[],
    durationMs: number,
  ): Promise<{ ratePerSecond: number; p50Ms: number }> {
    const job = JSON.stringify({ file: this.modelFile(model), shape, durationMs });
    const child = spawn(process.execPath, [ORT_LOOP, job], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await new Promise<void>((resolve) => child.once('close', () => resolve()));
    return JSON.parse(text) as { ratePerSecond: number; p50Ms: number };
  }

  /** Takes one core for half of each second; returns how to end it. */
  burner(): () => Promise<void> {
    const child = spawn(process.execPath, [BURNER], { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return async () => {
      child.stdin.end();
      await ended;
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#contenders.map(async (contender) => contender.stop()));
    rmSync(this.#folder, { recursive: true });
  }

  #keep(contender: Contender): Contender {
    this.#contenders.push(contender);
    return contender;
  }
}

/** A request with one binary FP32 tensor `x`, which is answered in binary. */
export function binaryRequest(model: string, shape: readonly number[]): JobRequest {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.5);
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: [{ name: 'x', shape, datatype: 'FP32', parameters: { binary_data_size: values.byteLength } }],
    }),
  );
  return {
    method: 'POST',
    path: `/v2/models/${model}/infer`,
    headers: {
      'inference-header-content-length': String(head.byteLength),
      'content-type': 'application/octet-stream',
    },
    bodyBase64: Buffer.concat([head, Buffer.from(values.buffer)]).toString('base64'),
  };
}

/** A request with 784 different numbers as JSON, which is answered as JSON. */
export function jsonRequest(model: string): JobRequest {
  const data = Array.from({ length: 784 }, (_, index) => Math.fround(index / 784));
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 784], datatype: 'FP32', data }] });
  return {
    ...{ method: 'POST', path: `/v2/models/${model}/infer`, headers: { 'content-type': 'application/json' } },
    bodyBase64: Buffer.from(body).toString('base64'),
  };
}

/** Processor time of a process's main thread so far, in ms. */
export function mainThreadMs({ pid }: Contender): number {
  if (pid === undefined) throw new Error('the contender has no process');
  const [onProcessorNs] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return Number(onProcessorNs) / 1e6;
}

/** Loads a contender in a closed loop; throws when the run is void or a request fails. */
export async function closedLoop(
  { port }: Contender,
  request: JobRequest,
  concurrency: number,
  durationMs: number,
  warmupMs = 500,
): Promise<LoadReport> {
  const report = await runLoadInProcess({
    target: { host: '127.0.0.1', port },
    requests: [request],
    schedule: { kind: 'closed', concurrency },
    warmupMs,
    durationMs,
    timeoutMs: 30_000,
    maxConnections: concurrency,
    keepsFirstAnswer: true,
  });
  if (report.void !== undefined) throw new Error(`the run is void: ${report.void}`);
  if (report.succeeded < report.requests)
    throw new Error(`${report.requests - report.succeeded} requests failed: ${report.firstError}`);
  return report;
}

/** Parameters of an open loop other than its rate. */
export interface OpenLoop
  extends Pick<LoadJob, 'withinMs' | 'isFrugal'>,
    Partial<Pick<LoadJob, 'maxConnections' | 'timeoutMs' | 'warmupMs'>> {
  readonly durationMs: number;
}

/** Loads a contender at a fixed rate; failures are in the report. Throws when the run is void. */
export async function openLoop(
  { port }: Contender,
  request: JobRequest,
  ratePerSecond: number,
  { durationMs, ...more }: OpenLoop,
): Promise<LoadReport> {
  const report = await runLoadInProcess({
    target: { host: '127.0.0.1', port },
    requests: [request],
    schedule: { kind: 'open', ratePerSecond },
    warmupMs: 1_000,
    durationMs,
    timeoutMs: 40_000,
    maxConnections: 2_000,
    keepsFirstAnswer: false,
    ...more,
  });
  if (report.void !== undefined) throw new Error(`the run is void: ${report.void}`);
  return report;
}

/** The admin API's view of the only version. */
export async function adminView({ port }: Contender): Promise<AdminView> {
  const { models } = (await (await fetch(`http://127.0.0.1:${port}/admin/models`)).json()) as {
    models: { versions: AdminView[] }[];
  };
  return models[0]?.versions[0] as AdminView;
}

/** The part of the view that scenarios use. */
export interface AdminView {
  readonly state: string;
  readonly replicas: readonly { readonly state: string; readonly incarnation: number }[];
}

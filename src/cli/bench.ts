import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { messageOf, OperatorError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { GalleyClient, type ModelDescription, RefusedError } from '../client/galley-client.ts';
import { findMaxRate } from '../load/find-max-rate.ts';
import type { JobRequest, LoadJob } from '../load/load-job.ts';
import { type LoadReport, renderReport } from '../load/load-report.ts';
import type { Schedule } from '../load/schedule.ts';
import { hasBatchAxis } from '../model/model-metadata.ts';
import { sampleRequest } from '../replica/sample-input.ts';
import { EXIT } from './exit-codes.ts';
import { runLoadInProcess } from './run-load.ts';

interface BenchFlags {
  readonly url: string;
  readonly input?: string;
  readonly modelVersion?: string;
  readonly concurrency: number;
  readonly rate?: number;
  readonly duration: number;
  readonly warmup: number;
  readonly timeout: number;
  readonly findMaxRate?: boolean;
  readonly p99: number;
  readonly json?: boolean;
}

/** `galley bench`: how fast a running server answers, seen from outside. */
export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measure a running server: closed loop, open loop, or the highest rate within a latency')
    .argument('<model>', 'name of the model')
    .option('--url <url>', 'where the server is', 'http://127.0.0.1:8000')
    .option('--model-version <number>', 'default: the highest that is ready')
    .option('--input <file>', 'request body as JSON (default: made from the metadata, sent as bytes)')
    .option('--concurrency <n>', 'closed loop: so many clients, each waiting for its answer', parseCount, 16)
    .option('--rate <n>', 'open loop: so many requests a second, Poisson, latency from the scheduled time', parseRate)
    .option('--duration <time>', 'how long to measure', parseDuration, 10_000)
    .option('--warmup <time>', 'how long to load before measuring', parseDuration, 2_000)
    .option('--timeout <time>', 'after this an answer has failed', parseDuration, 10_000)
    .option('--find-max-rate', 'search for the highest rate whose p99 stays within --p99')
    .option('--p99 <time>', 'the latency that --find-max-rate holds', parseDuration, 50)
    .option('--json', 'print the report as JSON')
    .action(async (model: string, flags: BenchFlags) => bench(model, flags));
}

async function bench(model: string, flags: BenchFlags): Promise<void> {
  const job = { ...(await jobOf(model, flags)), durationMs: flags.duration };
  const schedule: Schedule =
    flags.rate === undefined
      ? { kind: 'closed', concurrency: flags.concurrency }
      : { kind: 'open', ratePerSecond: flags.rate };
  if (flags.findMaxRate !== true) {
    const report = await runLoadInProcess({ ...job, schedule });
    console.log(flags.json === true ? JSON.stringify(report) : renderReport(report));
    process.exit(report.void === undefined ? EXIT.ok : EXIT.failed);
  }
  const search = { p99LimitMs: flags.p99, startRate: flags.rate ?? 50 };
  const best = await findMaxRate(search, async (ratePerSecond) => {
    const report = await runLoadInProcess({ ...job, schedule: { kind: 'open', ratePerSecond } });
    if (flags.json !== true) console.log(tryLine(ratePerSecond, report));
    return report;
  });
  if (flags.json === true) console.log(JSON.stringify(best));
  else console.log(`highest rate with p99 within ${flags.p99} ms: ${Math.round(best.ratePerSecond)} requests/s (limited by ${best.limitedBy})`);
}

function tryLine(ratePerSecond: number, report: LoadReport): string {
  const share = ((100 * report.succeeded) / Math.max(1, report.requests)).toFixed(1);
  return `${ratePerSecond.toFixed(0).padStart(8)} requests/s   p99 ${report.latencyMs.p99.toFixed(1)} ms   ${share} % answered${report.void === undefined ? '' : `   VOID: ${report.void}`}`;
}

async function jobOf(model: string, flags: BenchFlags): Promise<Omit<LoadJob, 'schedule'>> {
  const { hostname, port } = new URL(flags.url);
  const version = flags.modelVersion === undefined ? '' : `/versions/${flags.modelVersion}`;
  const path = `/v2/models/${encodeURIComponent(model)}${version}/infer`;
  const description = await describe(model, flags);
  const request = flags.input === undefined ? sampleBody(path, description) : jsonBody(path, flags.input);
  return {
    target: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) },
    requests: [request],
    warmupMs: flags.warmup,
    timeoutMs: flags.timeout,
    maxConnections: 1024,
    keepsFirstAnswer: false,
  };
}

async function describe(model: string, flags: BenchFlags): Promise<ModelDescription> {
  try {
    return await new GalleyClient(flags.url).describe(model, flags.modelVersion);
  } catch (caught) {
    const text = caught instanceof RefusedError ? caught.message : `no server answers at ${flags.url}: ${messageOf(caught)}`;
    console.error(`galley: ${text}`);
    process.exit(EXIT.refused);
  }
}

function jsonBody(path: string, file: string): JobRequest {
  try {
    return { method: 'POST', path, bodyBase64: readFileSync(file).toString('base64') };
  } catch (caught) {
    throw new OperatorError(`cannot read ${file}: ${messageOf(caught)}`);
  }
}

/** One row made from the metadata, as binary tensors. */
function sampleBody(path: string, { platform, inputs, outputs }: ModelDescription): JobRequest {
  const metadata = { platform, inputs, outputs, readsParameters: false };
  const { request } = sampleRequest(metadata, hasBatchAxis(metadata), [], seededRandom('bench'));
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: request.inputs.map(({ name, datatype, shape, data }) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: data.byteLength },
      })),
    }),
  );
  const body = Buffer.concat([head, ...request.inputs.flatMap(({ data }) => data.chunks)]);
  const headers = { 'inference-header-content-length': String(head.byteLength) };
  return { method: 'POST', path, headers, bodyBase64: body.toString('base64') };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('wanted a whole number of at least 1');
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw new InvalidArgumentError('wanted a number above 0');
}

function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  const unit = { ms: 1, s: 1_000, m: 60_000 }[match?.[2] ?? 'ms'] ?? 1;
  if (match !== null && Number(match[1]) > 0) return Number(match[1]) * unit;
  throw new InvalidArgumentError('wanted a duration such as 50ms or 10s');
}

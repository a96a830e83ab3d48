import { readBytes } from '../base/disk.ts';
import { seededRandom } from '../base/random.ts';
import { GalleyClient, type ModelDescription } from '../client/galley-client.ts';
import { findMaxRate } from '../load/find-max-rate.ts';
import type { JobRequest, LoadJob } from '../load/load-job.ts';
import { type LoadReport, renderReport } from '../load/load-report.ts';
import type { Schedule } from '../load/schedule.ts';
import { whyNoBatchAxis } from '../model/model-metadata.ts';
import { guessedShape, madeUpValues } from '../warmup/made-up-rows.ts';
import { askProblem } from './ask-problem.ts';
import { EXIT } from './exit-codes.ts';
import { runLoadInProcess } from './run-load.ts';

/** Options of `galley bench`; times in ms. */
export interface BenchFlags {
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

/** Measures a running server and prints the report; ends the process with an exit code. */
export async function bench(model: string, flags: BenchFlags): Promise<void> {
  const job = { ...(await jobOf(model, flags)), durationMs: flags.duration };
  const schedule: Schedule =
    flags.rate === undefined
      ? { kind: 'closed', concurrency: flags.concurrency }
      : { kind: 'open', ratePerSecond: flags.rate };
  if (flags.findMaxRate !== true) {
    const report = await runLoadInProcess({ ...job, schedule });
    console.log(flags.json === true ? JSON.stringify(report) : renderReport(report));
    process.exit(report.succeeded === 0 ? EXIT.refused : report.void === undefined ? EXIT.ok : EXIT.failed);
  }
  const search = { p99LimitMs: flags.p99, startRate: flags.rate ?? 50 };
  const best = await findMaxRate(search, async (ratePerSecond) => {
    const report = await runLoadInProcess({ ...job, schedule: { kind: 'open', ratePerSecond } });
    if (flags.json !== true) console.log(tryLine(ratePerSecond, report));
    return report;
  });
  if (flags.json === true) console.log(JSON.stringify(best));
  else
    console.log(
      `highest rate with p99 within ${flags.p99} ms: ${Math.round(best.ratePerSecond)} requests/s (limited by ${best.limitedBy})`,
    );
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
    console.error(`galley: ${askProblem(flags.url, caught)}`);
    process.exit(EXIT.refused);
  }
}

function jsonBody(path: string, file: string): JobRequest {
  return { method: 'POST', path, bodyBase64: readBytes(file).toString('base64') };
}

/** A request of one generated row, as binary tensors. */
function sampleBody(path: string, { inputs: wanted }: ModelDescription): JobRequest {
  const guess = { openSize: 1, values: 'positive' } as const;
  const hasBatchAxis = whyNoBatchAxis({ inputs: wanted }) === undefined;
  const random = seededRandom('bench');
  const inputs = wanted.map((input) => {
    const shape = guessedShape(input, guess, hasBatchAxis);
    const data = madeUpValues(input, shape, guess, 0, random);
    return { name: input.name, datatype: input.datatype, shape, data };
  });
  const head = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: inputs.map(({ name, datatype, shape, data }) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: data.byteLength },
      })),
    }),
  );
  const body = Buffer.concat([head, ...inputs.flatMap(({ data }) => data.chunks)]);
  const headers = { 'inference-header-content-length': String(head.byteLength) };
  return { method: 'POST', path, headers, bodyBase64: body.toString('base64') };
}

import { runLoad } from './generator.ts';
import type { Load, LoadEnv } from './load.ts';
import type { LoadReport } from './load-report.ts';
import { connectTo } from './raw-connection.ts';
import { requestBytes, type Target } from './request-bytes.ts';

/** A load as plain data, so that it can be sent to a generator in another process. */
export interface LoadJob extends Omit<Load, 'requests'> {
  readonly target: Target;
  readonly requests: readonly JobRequest[];
}

/** A request that can be serialised as JSON. */
export interface JobRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly bodyBase64?: string | undefined;
}

/** Loads a real server. Call it in a process that does nothing else, because it counts the CPU time of the process. */
export async function runLoadJob(job: LoadJob, env: Omit<LoadEnv, 'connect'>): Promise<LoadReport> {
  const requests = job.requests.map(({ method, path, headers, bodyBase64 }) =>
    requestBytes({ method, path, headers, body: fromBase64(bodyBase64) }, job.target),
  );
  return runLoad({ ...job, requests }, { ...env, connect: connectTo(job.target) });
}

function fromBase64(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadJob } from '../load/load-job.ts';
import type { LoadReport } from '../load/load-report.ts';

/** A young generation large enough that its collections do not disturb the measurement. */
const FEW_COLLECTIONS = ['--min-semi-space-size=16', '--max-semi-space-size=32'];
const ENTRY = fileURLToPath(new URL('./load-process.js', import.meta.url));

/** Runs a load job in a separate process, so that this program does not disturb its timing. Rejects when it fails. */
export async function runLoadInProcess(job: LoadJob): Promise<LoadReport> {
  const child = fork(ENTRY, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: FEW_COLLECTIONS });
  return new Promise((resolve, reject) => {
    let result: { report?: LoadReport; error?: string } = {
      error: 'the load generator ended without a report',
    };
    child.on('message', (message: typeof result) => {
      result = message;
    });
    child.on('error', reject);
    child.on('exit', () => {
      if (result.report !== undefined) resolve(result.report);
      else reject(new Error(result.error));
    });
    child.send(job);
  });
}

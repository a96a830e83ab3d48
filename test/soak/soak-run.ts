import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { type GaugeReport, Gauges } from './gauges.ts';
import { HonestClients, type HonestReport } from './honest-clients.ts';
import { TROUBLEMAKERS } from './troublemakers.ts';

/** The result of a soak run. */
export interface SoakReport {
  readonly honest: HonestReport;
  readonly gateway: GaugeReport;
  /** Number of injected faults by kind. */
  readonly trouble: ReadonlyMap<string, number>;
  /** Problems; empty when the run passed. */
  readonly problems: readonly string[];
}

const CLIENTS = 4;
const MOST_GROWTH_BYTES = 64 * 1024 * 1024;
const MOST_MORE_HANDLES = 32;
const TROUBLE_PAUSE_MS = 50;

/** Injects all faults into one server: well-behaved clients must not be affected, and no resource may grow. */
export async function soak(minutes: number, seed: string): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-soak-'));
  const file = join(folder, 'galley.yaml');
  const model = (name: string, more = '') => `  ${name}: {path: ${join(TEST_MODELS, name)}${more}}`;
  const models = [
    model('echo', ', replicas: 2'),
    model('slow'),
    model('large'),
    model('fragile', ', warmup: {enabled: false}, required: false'),
  ];
  writeFileSync(file, `maxBodyBytes: 67108864\nmodels:\n${models.join('\n')}\n`);
  const server = await RunningServer.start([file, '--log-level', 'silent'], { isRecorded: false });
  try {
    return await run(server, minutes, seed);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function run(server: RunningServer, minutes: number, seed: string): Promise<SoakReport> {
  const endsAt = performance.now() + 60_000 * minutes;
  const trouble = new Map<string, number>();
  const honest = new HonestClients(server.url, CLIENTS);
  const gauges = new Gauges(server.pid);
  await Promise.all(
    Object.entries(TROUBLEMAKERS).map(async ([name, make]) => {
      const random = seededRandom(`${seed} ${name}`);
      for (let times = 1; performance.now() < endsAt; times++) {
        await make(server, random);
        trouble.set(name, times);
        await pause(TROUBLE_PAUSE_MS);
      }
    }),
  );
  const gateway = gauges.stop();
  const report = { honest: await honest.stop(), gateway, trouble };
  return { ...report, problems: problemsOf(report) };
}

function problemsOf({ honest, gateway }: Omit<SoakReport, 'problems'>): string[] {
  const [rssBefore, rssAfter] = gateway.rssBytes;
  const [handlesBefore, handlesAfter] = gateway.handles;
  return [
    ...(honest.answered === 0 ? ['no request was answered'] : []),
    ...honest.failures.map((failure) => `a well-behaved client got ${failure}`),
    ...(rssAfter - rssBefore > MOST_GROWTH_BYTES
      ? [`memory grew from ${rssBefore} to ${rssAfter} bytes`]
      : []),
    ...(handlesAfter - handlesBefore > MOST_MORE_HANDLES
      ? [`handles grew from ${handlesBefore} to ${handlesAfter}`]
      : []),
  ];
}

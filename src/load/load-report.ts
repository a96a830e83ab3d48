import type { Schedule } from './schedule.ts';

/** The one answer of a run that is kept whole, for a caller who wants to see that answers are right. */
export interface FirstAnswer {
  /** Which of the requests in rotation it answers. */
  readonly request: number;
  readonly status: number;
  readonly bodyBase64: string;
}

/** What a run measured: plain data, so that it can leave the generator's process. */
export interface LoadReport {
  readonly schedule: Schedule;
  /** Length of the measured window, which begins after the warm-up. */
  readonly elapsedMs: number;
  /** How many requests were due in the window; every one ends up under `succeeded` or `errors`. */
  readonly requests: number;
  readonly succeeded: number;
  /** Answers 2xx that arrived within the window, whenever they were asked for. */
  readonly ratePerSecond: number;
  /** Of the 2xx answers alone: a refusal comes fast, and would flatter. From the instant they were due. */
  readonly latencyMs: LatencySummary;
  /** Keys are `2xx`, `4xx` and so on. */
  readonly statusClasses: Readonly<Record<string, number>>;
  /** Keys are `connect`, `reset`, `timeout`, `malformed` and `status:503` and the like. */
  readonly errors: Readonly<Record<string, number>>;
  readonly firstError?: string | undefined;
  /** By how much the generator was late to send: its own failing, unless connections ran out. */
  readonly issueDelayP99Ms: number;
  readonly connections: number;
  /** Of one core, while measuring; time burnt waiting for the next due request does not count. */
  readonly cpuShare: number;
  /** Why the figures are worthless, where they are. */
  readonly void?: string | undefined;
  /** Why to take the figures with a grain of salt. */
  readonly warning?: string | undefined;
  readonly firstAnswer?: FirstAnswer | undefined;
}

export interface LatencySummary {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** A few aligned lines for a terminal, without a line break at the end. */
export function renderReport(report: LoadReport): string {
  const { latencyMs: latency, requests } = report;
  const failed = requests - report.succeeded;
  const rows: [label: string, text: string][] = [
    ['load', `${describeSchedule(report.schedule)} for ${(report.elapsedMs / 1000).toFixed(1)} s`],
    ['rate', `${report.ratePerSecond.toFixed(1)} answers/s`],
    [
      'latency',
      `p50 ${ms(latency.p50)}   p90 ${ms(latency.p90)}   p99 ${ms(latency.p99)}   max ${ms(latency.max)}`,
    ],
    ['errors', `${failed} of ${requests}${failed === 0 ? '' : `   ${describeErrors(report.errors)}`}`],
    [
      'generator',
      `${(report.cpuShare * 100).toFixed(0)} % of a core, ${report.connections} connections, ` +
        `p99 of issue delay ${ms(report.issueDelayP99Ms)}`,
    ],
  ];
  if (report.firstError !== undefined) rows.push(['first error', report.firstError]);
  if (report.warning !== undefined) rows.push(['warning', report.warning]);
  if (report.void !== undefined) rows.push(['VOID', report.void]);
  return rows.map(([label, text]) => `${label.padEnd(12)}${text}`).join('\n');
}

function describeSchedule(schedule: Schedule): string {
  return schedule.kind === 'closed'
    ? `closed loop of ${schedule.concurrency}`
    : `open loop of ${Number(schedule.ratePerSecond.toPrecision(6))} requests/s`;
}

function describeErrors(errors: Readonly<Record<string, number>>): string {
  return Object.entries(errors)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join('   ');
}

/** Three figures that matter, whether the number is 0.0712 or 1234. */
function ms(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ms`;
}

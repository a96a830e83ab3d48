import type { Schedule } from './schedule.ts';

/** The first counted answer of a run, kept whole so that the caller can verify it. */
export interface FirstAnswer {
  /** Index of its request in the rotation. */
  readonly request: number;
  readonly status: number;
  readonly bodyBase64: string;
}

/** The result of a run, as plain data that can be sent to another process. */
export interface LoadReport {
  readonly schedule: Schedule;
  /** Length of the measured window, which begins after the warmup. */
  readonly elapsedMs: number;
  /** Requests due in the window; each counts under `succeeded` or `errors`. */
  readonly requests: number;
  readonly succeeded: number;
  /** Succeeded within the limit of the load, from the due time. */
  readonly inTime: number;
  /** 2xx answers that arrived within the window, whenever they were sent. */
  readonly ratePerSecond: number;
  /** From the due time, of 2xx answers only: fast refusals would lower it. */
  readonly latencyMs: LatencySummary;
  /** Keys: `2xx`, `4xx` and so on. */
  readonly statusClasses: Readonly<Record<string, number>>;
  /** Keys: `connect`, `reset`, `timeout`, `malformed`, and `status:503` and so on. */
  readonly errors: Readonly<Record<string, number>>;
  readonly firstError?: string | undefined;
  /** Delay between due time and sending, caused by the generator or by a lack of connections. */
  readonly issueDelayP99Ms: number;
  readonly connections: number;
  /** CPU use as a fraction of one core in the window, without busy waiting for the next due request. */
  readonly cpuShare: number;
  /** Why the result is void; undefined when it is valid. */
  readonly void?: string | undefined;
  /** Why the result may be inaccurate. */
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

/** The report as aligned lines for a terminal, without a trailing line break. */
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

/** Formats a duration with about three significant digits. */
function ms(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ms`;
}

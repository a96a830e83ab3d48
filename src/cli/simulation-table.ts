import type { RecordedTraffic } from '../simulate/scaling/recorded-traffic.ts';
import type { ScalingReport } from '../simulate/scaling/scaling-tally.ts';

/** What a table says of its run beside the results. */
interface SimulatedRun {
  readonly withinMs: number;
  readonly trace: { readonly name: string; readonly lastsMs: number };
}

const COLUMNS = [
  'policy',
  'in time',
  'worst min',
  'refused',
  'p50 ms',
  'p99 ms',
  'replica-s',
  'mean',
  'up',
  'down',
  'flaps',
];
const [FIRST_WIDTH, WIDTH] = [15, 10];

/** The lines of the results, by policy; of a recording also what was measured. */
export function simulationTable(
  reports: Readonly<Record<string, ScalingReport>>,
  { trace, withinMs }: SimulatedRun,
  measured: RecordedTraffic['measured'] | undefined,
): string[] {
  const [first] = Object.values(reports);
  const lines = [
    `${trace.name}: ${first?.offered ?? 0} requests in ${Math.round(trace.lastsMs / 1_000)} s, in time within ${withinMs} ms`,
    '',
    row(COLUMNS),
    ...Object.entries(reports).map(([name, report]) => row([name, ...cellsOf(report)])),
  ];
  if (measured === undefined) return lines;
  const { answered, refused, p50Ms, p99Ms, changes } = measured;
  const told = `recorded: ${answered} answered, ${refused} refused, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${changes} changes of the number of replicas`;
  return [...lines, '', told];
}

function cellsOf(report: ScalingReport): string[] {
  const { attainment, worstMinute, refused, p50Ms, p99Ms, replicaSeconds, meanReplicas, ups, downs, flaps } =
    report;
  return [
    ...[percent(attainment), percent(worstMinute), String(refused), p50Ms.toFixed(2), p99Ms.toFixed(2)],
    ...[replicaSeconds.toFixed(0), meanReplicas.toFixed(2), String(ups), String(downs), String(flaps)],
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function row([first = '', ...others]: readonly string[]): string {
  return first.padEnd(FIRST_WIDTH) + others.map((cell) => cell.padStart(WIDTH)).join('');
}

import { OperatorError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';

/** Arrival times in ms from the start of a trace, rising. */
export interface Trace {
  readonly name: string;
  readonly arrivalsMs: Float64Array;
  /** Rows of each request; without it one. */
  readonly rows?: Uint32Array;
  readonly lastsMs: number;
}

/** How a file is read. */
export interface TraceOptions {
  /** Length of a row of a file without a column of times, in seconds. */
  readonly stepS?: number | undefined;
  /** Requests per request of the file; fractions are rounded by chance. */
  readonly scale?: number | undefined;
  /** The part of the file that counts, in seconds from its start. */
  readonly fromS?: number | undefined;
  readonly toS?: number | undefined;
}

/**
 * Reads a CSV file: with a column `count`, requests per step, spread evenly by chance within it (the step is the distance of
 * the times in column `t_s`, else `stepS`); without one, `t_s` is the time of each arrival. Throws an OperatorError.
 */
export function readTrace(name: string, text: string, random: Random, options: TraceOptions = {}): Trace {
  const [head = '', ...lines] = text.trimEnd().split(/\r?\n/);
  const columns = head.split(',').map((column) => column.trim());
  const [time, count] = [columns.indexOf('t_s'), columns.indexOf('count')];
  if (time < 0 && count < 0) {
    throw new OperatorError(
      `${name} has the columns ${head.slice(0, 80)}, wanted t_s (arrival times in seconds), count, or both (counts per step)`,
    );
  }
  const rows = lines.map((line, index) => numbersOf(name, line, index + 2, [time, count]));
  const { scale = 1, fromS = 0, toS = Number.POSITIVE_INFINITY } = options;
  const stepS = time < 0 ? (options.stepS ?? 1) : (rows[1]?.[0] ?? 1) - (rows[0]?.[0] ?? 0);
  const arrivals: number[] = [];
  let endS = 0;
  for (const [index, [atS, requests]] of rows.entries()) {
    const startS = time < 0 ? index * stepS : atS;
    if (startS < fromS || startS >= toS) continue;
    endS = Math.max(endS, count < 0 ? startS : startS + stepS);
    const wanted = (count < 0 ? 1 : requests) * scale;
    const times = Math.floor(wanted) + (random.unit() < wanted - Math.floor(wanted) ? 1 : 0);
    for (let each = 0; each < times; each++) {
      const offsetS = count < 0 ? 0 : random.unit() * stepS;
      arrivals.push(1_000 * (startS - fromS + offsetS));
    }
  }
  if (arrivals.length === 0) throw new OperatorError(`${name} has no request in the chosen part`);
  return { name, arrivalsMs: Float64Array.from(arrivals).sort(), lastsMs: 1_000 * (endS - fromS) };
}

/** A phase of synthetic traffic: Poisson arrivals at one rate. */
export interface Phase {
  readonly lastsMs: number;
  /** Requests per second. */
  readonly rate: number;
}

/** Synthetic traffic of phases that follow each other. */
export function syntheticTrace(name: string, phases: readonly Phase[], random: Random): Trace {
  const arrivals: number[] = [];
  let startMs = 0;
  for (const { lastsMs, rate } of phases) {
    const endMs = startMs + lastsMs;
    for (let at = startMs + gap(rate, random); at < endMs; at += gap(rate, random)) arrivals.push(at);
    startMs = endMs;
  }
  return { name, arrivalsMs: Float64Array.from(arrivals), lastsMs: startMs };
}

function gap(rate: number, random: Random): number {
  return rate <= 0 ? Number.POSITIVE_INFINITY : (-Math.log(1 - random.unit()) * 1_000) / rate;
}

function numbersOf(
  name: string,
  line: string,
  number: number,
  columns: readonly [number, number],
): [number, number] {
  const cells = line.split(',');
  const [time, count] = columns.map((column) =>
    column < 0 ? 0 : Number(cells[column]?.trim() || Number.NaN),
  );
  if (Number.isFinite(time) && Number.isFinite(count) && (time as number) >= 0 && (count as number) >= 0) {
    return [time as number, count as number];
  }
  throw new OperatorError(`${name}, line ${number} is '${line.slice(0, 60)}', wanted numbers of at least 0`);
}

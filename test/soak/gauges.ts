import { readdirSync, readFileSync } from 'node:fs';

/** Resources of a process at one moment. */
interface Reading {
  readonly rssBytes: number;
  readonly handles: number;
}

/** Median resources of a process in the third and the last quarter of a run. */
export interface GaugeReport {
  readonly rssBytes: readonly [number, number];
  readonly handles: readonly [number, number];
}

const EVERY_MS = 500;

/** Samples the resources of a process. */
export class Gauges {
  readonly #readings: Reading[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      const reading = read(pid);
      if (reading !== undefined) this.#readings.push(reading);
    }, EVERY_MS);
  }

  stop(): GaugeReport {
    clearInterval(this.#timer);
    const quarter = Math.floor(this.#readings.length / 4);
    const [third, last] = [this.#readings.slice(2 * quarter, 3 * quarter), this.#readings.slice(3 * quarter)];
    const both = (value: (reading: Reading) => number) =>
      [median(third, value), median(last, value)] as const;
    return { rssBytes: both(({ rssBytes }) => rssBytes), handles: both(({ handles }) => handles) };
  }
}

function read(pid: number): Reading | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const rssBytes = 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    return { rssBytes, handles: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

function median(readings: readonly Reading[], value: (reading: Reading) => number): number {
  return readings.map(value).sort((a, b) => a - b)[readings.length >> 1] ?? 0;
}

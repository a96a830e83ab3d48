import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds at one moment. */
interface Reading {
  readonly rssBytes: number;
  readonly handles: number;
}

/** What a process held in the third and in the last quarter of a run, each the median. */
export interface GaugeReport {
  readonly rssBytes: readonly [number, number];
  readonly handles: readonly [number, number];
}

const EVERY_MS = 500;

/** Looks again and again at what a process holds. */
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

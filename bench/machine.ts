import { readFileSync } from 'node:fs';
import type { MachineModel } from '../src/simulate/policies/shared-machine.ts';

/** Recorded on two virtual cores under load: see `recorded-noise.json`. */
interface RecordedNoise {
  /** Durations of consecutive batches divided by their predictions. */
  readonly ratios: readonly number[];
  /** Pauses of the gateway, in ms, and the time in which they occurred. */
  readonly stallsMs: readonly number[];
  readonly recordedMs: number;
}

const recorded = JSON.parse(
  readFileSync(new URL('../../bench/recorded-noise.json', import.meta.url), 'utf8'),
) as RecordedNoise;

/** How busy the client is at a rate: it costs so much of a thread a request, in ms. */
const CLIENT_MS = 0.017;

/** The machine of the benches with a client that sends so many requests a ms. */
export function benchMachine(ratePerMs: number, others: MachineModel['others'] = () => 0): MachineModel {
  return {
    cores: 2,
    // Measured: processor time of the gateway's thread over a run with only admitted, and with nearly only refused, requests.
    ...{ arrivalMs: 0.014, refusalMs: 0.0137, answerMs: 0.016, batchMs: 0.05, rowMs: 0.002 },
    clientThreads: Math.min(1, CLIENT_MS * ratePerMs),
    noise: recorded.ratios,
    stallsMs: recorded.stallsMs,
    stallEveryMs: recorded.recordedMs / Math.max(1, recorded.stallsMs.length),
    others,
  };
}

/** A program that takes one core for half of each second. */
export function burning(now: number): number {
  return now % 1_000 < 500 ? 1 : 0;
}

import { type Random, seededRandom } from '../../src/base/random.ts';
import { runPolicy } from '../../src/simulate/policies/policy-run.ts';

/** A load at so many times the capacity, for a time. */
interface Phase {
  readonly load: number;
  readonly forMs: number;
}

const OBJECTIVE_MS = 100;
/** Requests a ms that batches within the objective can answer: 90 rows in 50 ms. */
const CAPACITY = 1.7;
const RECOVERS_MS = 3_000;
const MEASURED_MS = 2_000;
const AFTERWARDS = 0.7;

/**
 * Share of the requests answered in time from three seconds after an overload of random shape on, at 70 % of the
 * capacity. Batches take up to a third more than usual by chance, stalls hit some of them during the overload.
 */
export function recoveredShare(seed: number): number {
  const random = seededRandom(`load shape ${seed}`);
  const phases = drawPhases(random);
  const overloadMs = phases.reduce((sum, { forMs }) => sum + forMs, 0);
  const fromMs = overloadMs + RECOVERS_MS;
  const noise = random.fork('noise');
  const dueAt: number[] = [];
  let [nowMs, arrived] = [0, 0];
  const loadAt = (ms: number) => {
    let end = 0;
    for (const { load, forMs } of phases) {
      end += forMs;
      if (ms < end) return load;
    }
    return AFTERWARDS;
  };
  let [offered, inTime] = [0, 0];
  const isMeasured = (index: number) => (dueAt[index] ?? 0) >= fromMs;
  const untilMs = fromMs + MEASURED_MS;
  // The first request comes at once.
  dueAt.push(0);
  const gaps = random.fork('gaps');
  while (nowMs < untilMs) {
    nowMs -= Math.log(1 - gaps.unit()) / (CAPACITY * loadAt(nowMs));
    dueAt.push(nowMs);
  }
  for (const at of dueAt) if (at >= fromMs) offered += 1;
  runPolicy({
    ...{
      seed: `recovery ${seed}`,
      rate: CAPACITY,
      requests: dueAt.length,
      replicas: 1,
      withinMs: OBJECTIVE_MS,
    },
    settings: { objective: { latencyMs: OBJECTIVE_MS }, batching: { maxBatchSize: 1024 } },
    serviceMs: ({ rows }) => {
      const isStalled = (dueAt[arrived] ?? 0) < overloadMs && noise.unit() < 0.02;
      return (5 + 0.5 * rows) * (1 + noise.unit() / 3) * (isStalled ? 4 : 1);
    },
    gapMs: (index) => {
      arrived = index;
      return (dueAt[index] ?? 0) - (dueAt[index - 1] ?? 0);
    },
    onAnswered: (index, latencyMs) => {
      if (isMeasured(index) && latencyMs <= OBJECTIVE_MS) inTime += 1;
    },
  });
  return inTime / Math.max(1, offered);
}

function drawPhases(random: Random): Phase[] {
  return Array.from({ length: 1 + Math.floor(4 * random.unit()) }, () => ({
    load: 0.2 + 5.8 * random.unit(),
    forMs: 200 + 2_800 * random.unit(),
  }));
}

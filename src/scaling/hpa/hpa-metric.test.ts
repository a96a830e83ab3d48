import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HpaMetric, proposeReplicas } from './hpa-metric.ts';
import type { Proposal } from './hpa-proposal.ts';
import type { ReplicaFacts } from './hpa-replicas.ts';

const NOW = 1_000_000;
const SETTINGS = {
  toleranceUp: 0.1,
  toleranceDown: 0.1,
  cpuInitializationMs: 300_000,
  initialReadinessDelayMs: 30_000,
};

/** `count` replicas, of which the last `notReady` do not serve. */
function propose(metric: HpaMetric, count: number, notReady = 0): Proposal {
  const replicas = Array.from({ length: count }, (_, index): ReplicaFacts => {
    const isReady = index < count - notReady;
    return {
      id: `r${index}`,
      phase: 'running',
      isEnding: false,
      startedAt: 0,
      readiness: { isReady, since: 0 },
    };
  });
  return proposeReplicas(SETTINGS, metric, { specReplicas: count, statusReplicas: count, replicas }, NOW);
}

function countOf(proposal: Proposal): number | string {
  return proposal.kind === 'proposal' ? proposal.replicas : proposal.reason;
}

/** Requests in flight of each replica, in thousandths, for a target of 1000; undefined for no sample. */
function inFlight(values: readonly (number | undefined)[]): HpaMetric {
  const samples = values.flatMap((valueMilli, index) =>
    valueMilli === undefined ? [] : [[`r${index}`, { valueMilli, takenAt: NOW, windowMs: 1000 }] as const],
  );
  return { type: 'pods', targetMilli: 1000, samples: new Map(samples) };
}

test('both ends of the tolerance change nothing', () => {
  const proposed = [899, 900, 1100, 1101].map((value) =>
    countOf(propose(inFlight(Array(20).fill(value)), 20)),
  );
  assert.deepEqual(proposed, [18, 20, 20, 23]);
});

test('missing samples dampen a change, and never turn it round', () => {
  assert.equal(countOf(propose(inFlight([2000, 2000, undefined, undefined]), 4)), 4);
  assert.equal(countOf(propose(inFlight([1500, undefined, undefined]), 3)), 3);
  assert.equal(countOf(propose(inFlight([0, 0, 0, undefined]), 4)), 1);
  assert.equal(countOf(propose(inFlight([]), 4)), 'no replica has a sample that counts');
});

test('a sample of a replica that is not there does not let a change go the wrong way', () => {
  const samples = inFlight([0, undefined, 500, 500, 500, 500, 500, 500, 500]);
  assert.equal(countOf(propose(samples, 2)), 2);
});

test('a value is multiplied by the replicas that serve; from zero it counts alone', () => {
  const metric: HpaMetric = { type: 'objectValue', targetMilli: 1000, valueMilli: 2500 };
  assert.deepEqual([propose(metric, 4), propose(metric, 4, 3), propose(metric, 0)].map(countOf), [10, 3, 3]);
});

test('an average is shared by the replicas that exist, and the series of an external metric are added', () => {
  const metric = (...valuesMilli: number[]): HpaMetric => ({
    type: 'externalAverage',
    targetMilli: 1000,
    valuesMilli,
  });
  const proposed = [metric(1000, 2100), metric(2000, 2000), metric()].map((it) => countOf(propose(it, 3)));
  assert.deepEqual(proposed, [3, 4, 'the metric is unavailable']);
});

/** CPU in thousandths of a core of replicas that are granted one each, for a target of 70 %. */
function utilization(values: readonly number[], granted: number): HpaMetric {
  const sampleOf = (valueMilli: number) => ({ valueMilli, takenAt: NOW, windowMs: 1000 });
  return {
    type: 'resourceUtilization',
    resource: 'cpu',
    targetPercent: 70,
    samples: new Map(values.map((value, index) => [`r${index}`, sampleOf(value)])),
    requestMilli: new Map(Array.from({ length: granted }, (_, index) => [`r${index}`, 1000])),
  };
}

test('replicas without a sample count as fully used on the way down, but that never raises', () => {
  assert.equal(countOf(propose(utilization([100, 100, 100], 4), 4)), 2);
  assert.equal(countOf(propose(utilization([600], 3), 3)), 3);
});

test('utilization needs a request of every replica', () => {
  assert.equal(countOf(propose(utilization([100, 100], 1), 2)), 'replica r1 has no request of cpu');
});

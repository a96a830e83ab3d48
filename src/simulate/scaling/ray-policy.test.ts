import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideRay, NEW_RAY, RAY_DEFAULTS, type RaySettings, scaledReplicas } from './ray-policy.ts';

const AT_ONCE: RaySettings = {
  ...RAY_DEFAULTS,
  upscaleDelayMs: 0,
  downscaleDelayMs: 0,
  downscaleToZeroDelayMs: 0,
};

/** The targets of `ticks` turns of a version whose replicas follow the target at once. */
function targets(settings: RaySettings, from: number, requestsAt: (tick: number) => number, ticks: number) {
  let state = NEW_RAY;
  let target = from;
  return Array.from({ length: ticks }, (_, tick) => {
    const facts = { requests: requestsAt(tick), running: target, target };
    ({ replicas: target, state } = decideRay(settings, state, facts));
    return target;
  });
}

test('the target stays within its bounds once there is a replica', () => {
  const bounds = { minReplicas: 2, maxReplicas: 6 };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (requests) => {
      const found = targets({ ...AT_ONCE, ...bounds }, 3, (tick) => requests[tick] ?? 0, requests.length);
      for (const each of found) assert.ok(each >= 2 && each <= 6, `${each}`);
    }),
  );
});

test('a change waits for its delay, and one neutral turn starts the wait again', () => {
  const settings = { ...RAY_DEFAULTS, upscaleDelayMs: 1000 };
  const busy = targets(settings, 1, () => 8, 12);
  assert.equal(busy.indexOf(4), 10);
  const interrupted = targets(settings, 1, (tick) => (tick === 9 ? 2 : 8), 21);
  assert.equal(interrupted.indexOf(4), 20);
});

test('delays are divided in seconds: 0.3 s are two turns of 0.1 s', () => {
  assert.equal(targets({ ...RAY_DEFAULTS, upscaleDelayMs: 300 }, 1, () => 8, 5).indexOf(4), 2);
});

test('zero takes two steps, the second with its own delay', () => {
  const settings = { ...AT_ONCE, minReplicas: 0, downscaleToZeroDelayMs: 200 };
  assert.deepEqual(
    targets(settings, 5, () => 0, 4),
    [1, 1, 1, 0],
  );
});

test('a request without a replica starts some at once, by the gain alone', () => {
  const settings = { ...RAY_DEFAULTS, minReplicas: 0, upscalingFactor: 3 };
  const decide = (requests: number) =>
    decideRay(settings, NEW_RAY, { requests, running: 0, target: 0 }).replicas;
  assert.deepEqual([0, 1, 500].map(decide), [0, 3, 3]);
});

test('a gain moves towards the desired number, and always by one replica on the way down', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 50 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (running, desired, gain) => {
        const settings = { ...RAY_DEFAULTS, upscalingFactor: gain, downscalingFactor: gain };
        const scaled = scaledReplicas(settings, desired, running);
        if (desired > running) assert.ok(scaled > running && scaled <= desired);
        if (desired < running) assert.ok(scaled < running && scaled >= desired);
        if (desired === running) assert.equal(scaled, running);
      },
    ),
  );
});

import fc from 'fast-check';
import type { ServiceCurve } from '../../src/batching/batch-target.ts';
import { ServiceTime } from '../../src/replica/service-time.ts';

/** A learned curve, for linear and non-linear service times. */
export function learned(msOf: (rows: number) => number): ServiceCurve & ServiceTime {
  const time = new ServiceTime();
  const sizes = [1, 2, 4, 8, 16, 32, 64, 128];
  time.profile(sizes.map((rows) => ({ rows, tookMs: [msOf(rows)] })));
  return time;
}

/** Curves with a fixed part, a part per row, and from some size on a higher or lower cost per row. */
export const curves = fc
  .record({
    fixedMs: fc.double({ min: 0, max: 30, noNaN: true }),
    rowMs: fc.double({ min: 0.05, max: 4, noNaN: true }),
    bendAt: fc.constantFrom(4, 16, 64),
    bend: fc.double({ min: 0.3, max: 3, noNaN: true }),
  })
  .map(({ fixedMs, rowMs, bendAt, bend }) =>
    learned((rows) => fixedMs + rowMs * (Math.min(rows, bendAt) + bend * Math.max(0, rows - bendAt))),
  );

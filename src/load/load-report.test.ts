import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoadReport, renderReport } from './load-report.ts';

const report: LoadReport = {
  schedule: { kind: 'open', ratePerSecond: 1000 },
  elapsedMs: 5004,
  requests: 5000,
  succeeded: 5000,
  inTime: 5000,
  ratePerSecond: 999.2,
  latencyMs: { mean: 2, p50: 0.0712, p90: 1.234, p99: 12.34, p999: 56.78, max: 1234.5 },
  statusClasses: { '2xx': 5000 },
  errors: {},
  issueDelayP99Ms: 0.08,
  connections: 12,
  cpuShare: 0.412,
};

test('the report of a run without errors has five lines', () => {
  assert.equal(
    renderReport(report),
    [
      'load        open loop of 1000 requests/s for 5.0 s',
      'rate        999.2 answers/s',
      'latency     p50 0.071 ms   p90 1.23 ms   p99 12.3 ms   max 1235 ms',
      'errors      0 of 5000',
      'generator   41 % of a core, 12 connections, p99 of issue delay 0.080 ms',
    ].join('\n'),
  );
});

test('errors are listed by frequency', () => {
  const text = renderReport({
    ...report,
    schedule: { kind: 'closed', concurrency: 64 },
    succeeded: 4990,
    inTime: 4990,
    errors: { timeout: 2, 'status:503': 8 },
    firstError: 'status 503: queue full',
    warning: 'late',
    void: 'too slow',
  });
  assert.match(text, /^load +closed loop of 64 for/m);
  assert.match(text, /^errors +10 of 5000 {3}status:503 8 {3}timeout 2$/m);
  assert.match(text, /^first error status 503: queue full\nwarning +late\nVOID +too slow$/m);
});

test('a report can be serialised to another process', () => {
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

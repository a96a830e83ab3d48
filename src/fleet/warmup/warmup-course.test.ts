import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from '../../../test/support/simulated-version.ts';
import type { SimulatedBatch, SimulatedResult } from '../../simulate/backends/simulated-behaviour.ts';
import { flatten } from '../../tensor/segments.ts';
import { bytesOf, type Tensor } from '../../tensor/tensor.ts';

const WARM = { warmup: { enabled: true }, batching: { rows: 'auto', maxBatchSize: 8 } };

/** A version whose model applies `model` to the numbers of a batch, rows × 4. */
function warmed(
  model: (rows: number[][], run: number) => number[][] | SimulatedResult,
  settings: object = WARM,
) {
  let runs = 0;
  const result = ({ inputs }: SimulatedBatch): SimulatedResult => {
    const [input] = inputs as [Tensor];
    const [rows = 0, width = 0] = input.shape;
    const bytes = [...flatten(input.data)];
    const given = Array.from({ length: rows }, (_, row) => bytes.slice(row * width, (row + 1) * width));
    const made = model(given, runs++);
    if (!Array.isArray(made)) return made;
    const data = bytesOf(Uint8Array.from(made.flat()));
    return { kind: 'answer', outputs: [{ ...input, shape: [made.length, made[0]?.length ?? 0], data }] };
  };
  const it = setUp(settings, { serviceMs: () => 1, result });
  it.clock.advance(20_000);
  return it;
}

const echo = (rows: number[][]) => rows;
const sumOf = (rows: number[][], column: number) => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0);

test('rows with the same answer alone and among any neighbours are merged', () => {
  const { version } = warmed(echo);
  assert.equal(version.rows?.kind, 'independent');
  assert.equal(version.path.findings.maxBatchSize, 8);
  assert.equal(version.warning, undefined);
});

for (const [what, model] of [
  ['a running sum', (rows: number[][]) => rows.map((_, at) => [sumOf(rows.slice(0, at + 1), 0)])],
  ['the largest of the batch', (rows: number[][]) => rows.map(() => [Math.max(...rows.flat())])],
  ['rows in reverse', (rows: number[][]) => [...rows].reverse()],
  ['rows sorted', (rows: number[][]) => [...rows].sort((a, b) => sumOf([a], 0) - sumOf([b], 0))],
  ['its place in the batch', (rows: number[][]) => rows.map((row, at) => row.map((each) => each + 20 * at))],
  ['how many there are', (rows: number[][]) => rows.map((row) => row.map((each) => each * rows.length))],
  ['fewer rows', (rows: number[][]) => rows.filter((row) => (row[0] ?? 0) > 0)],
  ['one row for all', (rows: number[][]) => rows.slice(0, 1)],
  [
    'rows as long as the longest',
    (rows: number[][]) => rows.map((row) => row.slice(0, Math.max(...rows.map(([first = 0]) => 1 + first)))),
  ],
] as const) {
  test(`rows whose answer holds ${what} are not merged, and one log line reports it`, () => {
    const { version } = warmed(model);
    assert.notEqual(version.rows?.kind, 'independent');
    assert.equal(version.isReady, true);
    assert.equal(version.path.findings.maxBatchSize, 1);
    assert.match(version.warning ?? '', /not merged.*batching\.rows: independent/);
  });
}

test('equal answers to all rows prove nothing, so rows are not merged', () => {
  const { version } = warmed((rows) => rows.map(() => [7]));
  assert.deepEqual(version.rows, { kind: 'unproven', why: 'the model returns the same answer for all rows' });
  assert.match(version.warning ?? '', /warmup\.sample to several different rows/);
});

test('random answers prove nothing, so rows are not merged', () => {
  const { version } = warmed((rows, run) => rows.map((row) => row.map((each) => each + (run % 50))));
  assert.notEqual(version.rows?.kind, 'independent');
});

test('inputs that the model refuses are replaced by simpler ones', () => {
  const { version } = warmed((rows) =>
    rows.flat().some((each) => each === 0) ? { kind: 'throw', message: 'division by zero' } : rows,
  );
  assert.equal(version.isReady, true);
  assert.equal(version.rows?.kind, 'independent');
});

test('a model that accepts no generated input is served without merging, and the report gives the reason', () => {
  const { version } = warmed(() => ({ kind: 'throw', message: 'unknown category' }));
  assert.equal(version.isReady, true);
  assert.equal(version.rows?.kind, 'unproven');
  const [report] = version.supervisor.replicas().map(({ replica }) => version.warmups.reportOf(replica));
  assert.match(report?.skipped ?? '', /accepts no generated input \(unknown category\).*warmup\.sample/);
});

test('a generated input that ends a replica does not fail the start', () => {
  const { version } = warmed((rows) =>
    rows.flat().some((each) => each > 1) ? { kind: 'die', code: null, signal: 'SIGSEGV' } : rows,
  );
  assert.equal(version.isReady, true);
  assert.ok((version.supervisor.replicas()[0]?.incarnation ?? 0) <= 3);
});

test('declared row independence is not tested', () => {
  const declared = { warmup: { enabled: true }, batching: { rows: 'independent', maxBatchSize: 8 } };
  const { version } = warmed((rows) => [...rows].reverse(), declared);
  assert.equal(version.rows?.kind, 'declared');
  assert.equal(version.path.findings.maxBatchSize, 8);
});

test('requests of a model that is not merged get the answers that they get alone', () => {
  const it = warmed((rows) => rows.map((_, at) => [sumOf(rows.slice(0, at + 1), 0)]));
  for (let id = 0; id < 10; id++) it.submit(id, { rows: 3, width: 1, mark: id });
  it.clock.advance(1_000);
  for (let id = 0; id < 10; id++) {
    const [answer] = it.outcomes.get(id) ?? [];
    assert.ok(answer !== undefined && 'outputs' in answer);
    assert.deepEqual([...flatten((answer.outputs[0] as Tensor).data)], [id, 2 * id, 3 * id]);
  }
});

/**
 * The lower bound of the compute time: one onnxruntime-node session in a loop.
 *
 *   node dist/bench/ort-loop.js '{"file": "…/model.onnx", "shape": [1, 784], "durationMs": 2000}'
 *
 * Prints one line of JSON: runs per second and the median duration of a run. With `durationMs` 0 it runs once and exits,
 * which measures the cost of a start.
 */
import ort from 'onnxruntime-node';

interface Loop {
  readonly file: string;
  readonly shape: readonly number[];
  readonly durationMs: number;
}

const { file, shape, durationMs } = JSON.parse(process.argv[2] ?? '{}') as Loop;
const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const values = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.5);
const feeds = { x: new ort.Tensor('float32', values, shape) };

await session.run(feeds);
const warmUntil = performance.now() + durationMs / 5;
while (performance.now() < warmUntil) await session.run(feeds);

const runsMs: number[] = [];
const startedAt = performance.now();
while (performance.now() < startedAt + durationMs) {
  const runAt = performance.now();
  await session.run(feeds);
  runsMs.push(performance.now() - runAt);
}
const elapsedMs = performance.now() - startedAt;
runsMs.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    ratePerSecond: (1000 * runsMs.length) / elapsedMs,
    p50Ms: runsMs[runsMs.length >> 1] ?? 0,
  }),
);

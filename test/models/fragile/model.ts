import { writeSync } from 'node:fs';
import { defineModel } from '../../../src/index.ts';

const DATA_PIPE = 3;

/**
 * Executes the order in its input: 1 throws, 2 ends the process, 3 computes for a long time, 4 writes to stdout, 5
 * writes to the pipe to the gateway.
 */
export default defineModel({
  inputs: [{ name: 'order', datatype: 'INT32', shape: [-1] }],
  outputs: [{ name: 'done', datatype: 'INT32', shape: [-1] }],
  load() {
    return { startedAt: performance.now() };
  },
  predict({ order }) {
    for (const each of order.data) {
      if (each === 1) throw new Error('told to throw');
      if (each === 2) process.kill(process.pid, 'SIGKILL');
      if (each === 3) computeFor(60_000);
      if (each === 5) writeSync(DATA_PIPE, 'a log line that went astray');
      if (each === 4) console.log('a line on stdout');
    }
    return { done: { shape: [order.data.length], data: order.data } };
  },
});

/** Blocks the thread as a real computation does: without returning to the event loop. */
function computeFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

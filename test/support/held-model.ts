import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A model whose batches run until the test releases them; nothing in it depends on time. */
export interface HeldModel {
  /** Settings: `path`, with warmup and checks disabled so that only callers run it. */
  readonly settings: string;
  /** Releases every row with this order, now and later. */
  release(order: number): void;
}

/**
 * Writes a model into a folder. A row holds an order: 0 is answered at once, a number above 0 when it is released; for
 * a number below 0 the model throws when its negation is released. `run` is the number of batches the process had run.
 */
export function writeHeldModel(folder: string): HeldModel {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'model.mjs'),
    `import { existsSync } from 'node:fs';
     import { defineModel } from 'galley';
     const int32 = (name) => ({ name, datatype: 'INT32', shape: [-1] });
     const pause = new Int32Array(new SharedArrayBuffer(4));
     let runs = 0;
     export default defineModel({ inputs: [int32('order')], outputs: [int32('order'), int32('run')],
       predict({ order: { data, shape } }) {
         runs += 1;
         for (const each of data) {
           const gate = ${JSON.stringify(`${folder}/`)} + Math.abs(each);
           while (each !== 0 && !existsSync(gate)) Atomics.wait(pause, 0, 0, 5);
           if (each < 0) throw new Error('told to throw');
         }
         return { order: { shape, data }, run: { shape, data: new Int32Array(data.length).fill(runs) } };
       } });`,
  );
  return {
    settings: `path: ${folder}, warmup: {enabled: false}, health: {watchdogMs: 60000, readiness: {enabled: false}, drainTimeoutMs: 60000}`,
    release: (order) => writeFileSync(join(folder, String(order)), ''),
  };
}

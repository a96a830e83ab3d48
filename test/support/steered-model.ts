import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a steered model does with a number `v`; texts are conditions in JavaScript. */
export interface Behaviour {
  /** The answer is `v` times this number. */
  readonly factor?: number;
  readonly ms?: number;
  readonly fails?: string;
  /** Where it takes `slowMs` instead of `ms`. */
  readonly slow?: string;
  readonly slowMs?: number;
  /** Where it answers with another number. */
  readonly differs?: string;
}

/** A version whose behaviour a test changes while it runs. */
export interface SteeredModel {
  /** `hang` until the next order, `throw` at everything, or `serve`. */
  order(order: 'hang' | 'throw' | 'serve'): void;
  /** The process that has loaded it last. */
  pid(): number;
}

/** Settings with which only callers run the model, one request at a time. */
export const QUIET = {
  warmup: { enabled: false },
  health: { readiness: { enabled: false }, watchdogMs: 60_000, drainTimeoutMs: 500 },
  batching: { maxBatchSize: 1 },
} as const;

/** Writes a version of a model with the input `x` and the output `y` into a folder. */
export function writeSteeredModel(folder: string, behaviour: Behaviour = {}): SteeredModel {
  const { factor = 1, ms = 0, fails = 'false', slow = 'false', slowMs = 0, differs = 'false' } = behaviour;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'order.txt');
  const pidFile = join(folder, 'pid.txt');
  const order = (text: string) => writeFileSync(file, text);
  order('serve');
  writeFileSync(
    join(folder, 'model.mjs'),
    `import { readFileSync, renameSync, writeFileSync } from 'node:fs';
     import { defineModel } from 'galley';
     const tensor = (name) => ({ name, datatype: 'FP32', shape: [-1] });
     const pause = new Int32Array(new SharedArrayBuffer(4));
     const wait = (ms) => void (ms > 0 && Atomics.wait(pause, 0, 0, ms));
     const order = () => readFileSync(${JSON.stringify(file)}, 'utf8');
     export default defineModel({ inputs: [tensor('x')], outputs: [tensor('y')],
       load: () => {
         // A reader finds the whole id or the one before.
         writeFileSync(${JSON.stringify(`${pidFile}.new`)}, String(process.pid));
         renameSync(${JSON.stringify(`${pidFile}.new`)}, ${JSON.stringify(pidFile)});
       },
       predict({ x: { data, shape } }) {
         const v = data[0];
         while (order() === 'hang') wait(5);
         if (order() === 'throw' || ${fails}) throw new Error('told to throw');
         wait(${slow} ? ${slowMs} : ${ms});
         return { y: { shape, data: data.map((each) => each * ${factor} + (${differs} ? 1 : 0)) } };
       } });`,
  );
  return { order, pid: () => Number(readFileSync(pidFile, 'utf8')) };
}

import { existsSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { defineModel } from '../../../src/index.ts';
import { HEADER_BYTES, KIND, writeHeader } from '../../../src/process/wire/wire.ts';

const DATA_PIPE = 3;
const USUAL_MS = 20;
const MEBIBYTE = 1024 * 1024;

/** Folder in which a test writes orders for single processes. */
const folder = process.env.FAULT_FOLDER ?? '';
const leaked: Buffer[] = [];
let checks = 0;
let batches = 0;

/**
 * Returns the length of each word, after 20 ms. A word that is an order is executed, whether a caller sends it as input
 * or a test writes it to a file named after the process (`<pid>.once`, `<pid>.always`, `all.always`).
 */
export default defineModel({
  inputs: [{ name: 'word', datatype: 'BYTES', shape: [-1] }],
  outputs: [{ name: 'length', datatype: 'FP32', shape: [-1] }],
  load() {
    if (orderIn('all.load') === 'segfault') end('SIGSEGV');
  },
  async predict({ word }) {
    const words = word.data.map((bytes) => Buffer.from(bytes).toString());
    const lengths = Float32Array.from(words, ({ length }) => length);
    const own = orderFor(process.pid);
    for (const order of own === '' ? words : [own]) await obey(order, words, lengths);
    if (own !== 'throw') wait(own === 'slow' ? 10 * USUAL_MS : USUAL_MS);
    const rows = own === 'wrong shape' ? words.length + 1 : words.length;
    return { length: { shape: [rows], data: own === 'wrong shape' ? new Float32Array(rows) : lengths } };
  },
});

async function obey(order: string, words: readonly string[], lengths: Float32Array): Promise<void> {
  // A probe of the server: a short generated word.
  const isCheck = words.every((each) => each.length < 4 && !each.includes('x'));
  switch (order) {
    case 'segfault':
      return end('SIGSEGV');
    case 'hang':
      for (;;);
    case 'garbage':
      return void writeSync(DATA_PIPE, 'a log line that went astray, longer than any header of a frame');
    case 'a huge frame':
      return void writeSync(DATA_PIPE, frameStart(0xffff_ffff));
    case 'half a frame':
      writeSync(DATA_PIPE, frameStart(4 * HEADER_BYTES));
      return end('SIGSEGV');
    case 'reject':
      void Promise.reject(new Error('nobody looks after this'));
      return new Promise((resolve) => setTimeout(resolve, 1_000));
    case 'throw':
      note('hit', isCheck);
      throw new Error('this replica throws at everything');
    case 'throw at callers':
      if (isCheck) return;
      throw new Error('this replica throws at callers');
    case 'flap':
      if (isCheck && checks++ % 2 === 0) throw new Error('every other check fails');
      return;
    case 'nan':
      // Only its own row, like a model that fails on one input.
      return void lengths.forEach((_, row) => {
        if (words[row] === 'nan') lengths[row] = Number.NaN;
      });
    case 'not finite':
      return void lengths.fill(batches++ % 2 === 0 ? Number.NaN : Number.POSITIVE_INFINITY);
    case 'pause':
      return wait(500);
    case 'leak':
      return void leaked.push(Buffer.alloc(MEBIBYTE, 1));
    case 'gulp':
      return void leaked.push(Buffer.alloc(300 * MEBIBYTE, 1));
  }
}

/** The words that a test has written for this process; those of a `.once` file are executed once. */
function orderFor(pid: number): string {
  const once = orderIn(`${pid}.once`);
  if (once !== '') rmSync(join(folder, `${pid}.once`));
  return once || orderIn(`${pid}.always`) || orderIn('all.always');
}

function orderIn(name: string): string {
  const file = join(folder, name);
  return folder !== '' && existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Writes a text for the test to read. */
function note(what: string, isCheck: boolean): void {
  if (!isCheck) writeFileSync(join(folder, `${process.pid}.${what}`), '.', { flag: 'a' });
}

function end(signal: NodeJS.Signals): void {
  writeFileSync(join(folder, `${process.pid}.ended`), String(Date.now()));
  process.kill(process.pid, signal);
  wait(1_000);
}

/** An answer that is shorter than it declares. */
function frameStart(bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(2 * HEADER_BYTES);
  const header = { kind: KIND.ANSWER, flags: 0, slot: 0, incarnation: 1, batch: 1, member: 0 };
  writeHeader(bytes, header, bodyBytes, HEADER_BYTES);
  return bytes;
}

/** Blocks the thread without using a core, since tests share few cores. */
function wait(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

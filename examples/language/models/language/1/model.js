import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineModel } from 'galley';
import { languageOf } from './classifier.js';

const utf8 = new TextDecoder();

/** Tells in which language each text is written. */
export default defineModel({
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
  outputs: [
    { name: 'language', datatype: 'BYTES', shape: [-1] },
    { name: 'confidence', datatype: 'FP32', shape: [-1] },
  ],
  load: ({ directory }) => Int8Array.from(readFileSync(join(directory, 'weights.bin'))),
  predict({ text }, weights, { rows }) {
    const answers = text.data.map((bytes) => languageOf(utf8.decode(bytes), weights));
    return {
      language: { shape: [rows], data: answers.map(({ language }) => language) },
      confidence: { shape: [rows], data: answers.map(({ confidence }) => confidence) },
    };
  },
});

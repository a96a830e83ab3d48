import { createHash, type Hash } from 'node:crypto';
import type { InferenceRequest } from '../../model/inference.ts';
import { writeExactJson } from '../../tensor/exact-json.ts';
import type { Segments } from '../../tensor/segments.ts';
import { dataBytes } from '../../tensor/tensor.ts';

/** Of larger inputs only so much is hashed, in evenly spread blocks: hashing all of it would block the event loop. */
const MAX_HASHED_BYTES = 1024 * 1024;
const BLOCK_BYTES = 4 * 1024;
/** Bytes of each input that the sample reads. */
const SAMPLED_BYTES = 64;

/** Identifies the content of a request: a SHA-256 hash of its data, followed by its form. */
export function contentKeyOf(request: InferenceRequest): string {
  const hash = createHash('sha256');
  const bytes = dataBytes(request.inputs);
  for (const { data } of request.inputs) {
    if (bytes <= MAX_HASHED_BYTES) for (const chunk of data.chunks) hash.update(chunk);
    else hashBlocks(hash, data, (data.byteLength / bytes) * MAX_HASHED_BYTES);
  }
  return `${hash.digest('base64')}|${formOf(request)}`;
}

/** Datatypes, shapes and parameters. */
function formOf({ inputs, parameters }: InferenceRequest): string {
  return writeExactJson([inputs.map(({ datatype, shape }) => [datatype, shape]), parameters]);
}

/** A 32-bit number from a few bytes of all inputs; requests with different samples differ and need no hash. */
export function sampleOf({ inputs }: InferenceRequest): number {
  let sample = 0x811c9dc5;
  for (const { data } of inputs) {
    const step = Math.max(1, Math.floor(data.byteLength / SAMPLED_BYTES));
    let start = 0;
    let next = 0;
    for (const chunk of data.chunks) {
      for (; next < start + chunk.byteLength; next += step) {
        sample = Math.imul(sample ^ (chunk[next - start] as number), 0x01000193);
      }
      start += chunk.byteLength;
    }
  }
  return sample >>> 0;
}

/** Hashes about `maxBytes` of the data, in evenly spaced blocks. */
function hashBlocks(hash: Hash, { chunks, byteLength }: Segments, maxBytes: number): void {
  const step = Math.max(1, Math.floor((BLOCK_BYTES * byteLength) / maxBytes));
  let start = 0;
  let next = 0;
  for (const chunk of chunks) {
    for (; next < start + chunk.byteLength; next += step) {
      hash.update(chunk.subarray(next - start, next - start + BLOCK_BYTES));
    }
    start += chunk.byteLength;
  }
}

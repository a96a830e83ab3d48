import { createHash } from 'node:crypto';
import type { InferenceRequest } from '../model/inference.ts';
import { writeExactJson } from '../tensor/exact-json.ts';

/** Stands for all that a request holds: the hash of its data, with its form behind it. */
export function contentKeyOf(request: InferenceRequest): string {
  const hash = createHash('sha256');
  for (const { data } of request.inputs) for (const chunk of data.chunks) hash.update(chunk);
  return `${hash.digest('base64')}|${formOf(request)}`;
}

/** What can be told without looking at the data. */
export function formOf({ inputs, parameters }: InferenceRequest): string {
  return writeExactJson([inputs.map(({ datatype, shape }) => [datatype, shape]), parameters]);
}

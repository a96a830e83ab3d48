import type { SampleInput } from '../../replica/sample-input.ts';
import { isDatatype } from '../../tensor/datatype.ts';
import { parseExactJson } from '../../tensor/exact-json.ts';
import { readJsonData } from '../../tensor/json-codec.ts';

/** Reads a warmup sample: a request body whose inputs may omit their data. Throws an Error for other content. */
export function readSample(bytes: Uint8Array): SampleInput[] {
  const json = parseExactJson(Buffer.from(bytes).toString('utf8')) as { inputs?: unknown } | null;
  if (!Array.isArray(json?.inputs)) throw new Error('wanted {"inputs": [{name, datatype, shape, data}]}');
  return (json.inputs as Partial<Record<string, unknown>>[]).map(({ name, datatype, shape, data }) => {
    if (typeof name !== 'string' || !isDatatype(datatype) || !Array.isArray(shape)) {
      throw new Error('every input needs a name, a datatype and a shape');
    }
    return {
      name,
      datatype,
      shape,
      data: data === undefined ? undefined : readJsonData(name, datatype, shape, data),
    };
  });
}

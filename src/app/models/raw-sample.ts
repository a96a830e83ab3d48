import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { DISK, lookAt } from '../../base/disk.ts';
import { messageOf } from '../../base/errors.ts';
import type { WarmupInputSettings } from '../../config/signature-settings.ts';
import type { SampleInput } from '../../replica/sample-input.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { byteSize, elementCount } from '../../tensor/tensor.ts';

/** Bytes of the length before each element of a BYTES tensor. */
const LENGTH_BYTES = 4;

/** The inputs of `warmup.inputs` with their data, or the problem as a text. */
export function rawSample(
  inputs: readonly WarmupInputSettings[],
  folders: readonly (string | undefined)[],
): SampleInput[] | string {
  const sample: SampleInput[] = [];
  for (const { name, datatype, shape, file, zero } of inputs) {
    const empty = byteSize(datatype, shape) ?? elementCount(shape) * LENGTH_BYTES;
    const data = file === undefined ? zero === true && new Uint8Array(empty) : dataIn(file, folders);
    if (typeof data === 'string') return `warmup.inputs '${name}': ${data}`;
    const bytes = data === false ? undefined : wholeTensor(data, { datatype, shape });
    if (typeof bytes === 'string') return `warmup.inputs '${name}': ${file} ${bytes}`;
    sample.push({ name, datatype, shape, data: bytes && segmentsOf(bytes) });
  }
  return sample;
}

function dataIn(name: string, folders: readonly (string | undefined)[]): Uint8Array | string {
  const candidates = folders
    .filter((folder) => folder !== undefined)
    .map((folder) => (isAbsolute(name) ? name : join(folder, name)));
  const path = candidates.find((candidate) => lookAt(DISK, candidate).kind !== 'absent');
  if (path === undefined) return `${candidates.join(' or ')} does not exist`;
  const found = lookAt(DISK, path);
  if (found.kind === 'unusable') return found.why;
  try {
    return new Uint8Array(readFileSync(path));
  } catch (caught) {
    return messageOf(caught);
  }
}

/** The bytes of the tensor at the beginning of `data`, or why it is too short. */
function wholeTensor(
  data: Uint8Array,
  { datatype, shape }: Pick<SampleInput, 'datatype' | 'shape'>,
): Uint8Array | string {
  const wanted = `[${shape.join(', ')}] ${datatype}`;
  const size = byteSize(datatype, shape);
  if (size !== undefined) {
    if (data.byteLength >= size) return data.subarray(0, size);
    return `has ${data.byteLength} bytes, wanted ${size} for ${wanted}`;
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let end = 0;
  for (let element = 0; element < elementCount(shape); element++) {
    const length = end + LENGTH_BYTES <= data.byteLength ? view.getUint32(end, true) : data.byteLength;
    end += LENGTH_BYTES + length;
    if (end > data.byteLength) return `ends in element ${element}, wanted all elements of ${wanted}`;
  }
  return data.subarray(0, end);
}

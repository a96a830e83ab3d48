import { ServingError } from '../base/errors.ts';
import { countElements } from './bytes-elements.ts';
import type { Datatype } from './datatype.ts';
import type { Segments } from './segments.ts';
import { byteSize, elementCount } from './tensor.ts';

/**
 * Checks that raw bytes match shape and datatype. No conversion is needed, because tensors are kept in the wire format.
 * Only the elements of BYTES are counted one by one, because their sizes differ.
 */
export function checkBinaryData(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  data: Segments,
): void {
  const wanted = byteSize(datatype, shape);
  if (wanted !== undefined) {
    if (data.byteLength === wanted) return;
    throw new ServingError(
      'INVALID_INPUT',
      `input byte size mismatch for input '${name}': ${datatype} of shape [${shape.join(',')}] ` +
        `takes ${wanted} bytes, got ${data.byteLength}`,
    );
  }
  const elements = elementCount(shape);
  const found = countIn(name, data);
  if (found !== elements) {
    throw new ServingError(
      'INVALID_INPUT',
      `expected ${elements} string elements for inference input '${name}', got ${found}`,
    );
  }
}

function countIn(name: string, data: Segments): number {
  try {
    return countElements(data);
  } catch (caught) {
    throw new ServingError('INVALID_INPUT', `input '${name}': ${(caught as Error).message}`);
  }
}

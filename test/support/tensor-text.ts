import { DATATYPES } from '../../src/tensor/datatype.ts';
import { elementsOf } from './numbers-of.ts';
import type { PlainTensor } from './tensor-asking.ts';

/** Inputs as JSON text with all digits; undefined when an input has no such form. */
export function tensorText(tensors: readonly PlainTensor[]): string | undefined {
  if (tensors.some(({ datatype }) => DATATYPES[datatype].kind === 'half')) return undefined;
  const texts = tensors.map((tensor) => {
    const { name, datatype, shape } = tensor;
    const data = elementsOf(tensor).map((element) => elementText(datatype, element));
    const head = JSON.stringify({ name, datatype, shape }).slice(0, -1);
    return `${head},"data":[${data.join(',')}]}`;
  });
  return `[${texts.join(',')}]`;
}

function elementText(datatype: PlainTensor['datatype'], element: number | bigint | string): string {
  if (datatype === 'BOOL') return element === 0 ? 'false' : 'true';
  if (typeof element === 'string') return JSON.stringify(element);
  return Object.is(element, -0) ? '-0' : String(element);
}

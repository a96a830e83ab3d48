import { messageOf, OperatorError } from '../base/errors.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { isJsonObject, parseRequestJson } from '../protocol/http/json-text.ts';
import { requestParameters } from '../protocol/http/request-parameters.ts';
import { parseOipHead } from '../protocol/oip/oip-head.ts';
import { readOipRequest } from '../protocol/oip/oip-request.ts';
import { isBase64 } from '../protocol/simple/simple-values.ts';
import { readJsonData } from '../tensor/json-codec.ts';
import { flattenNested, nestedShape } from '../tensor/nested.ts';
import { segmentsOf } from '../tensor/segments.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { readInput } from './read-input.ts';

/**
 * Reads a request body without a model: in the form of the protocol, or in the simple form. Only a
 * model's metadata says the datatypes and all names of the simple form: its numbers count as FP32, and values without a name
 * are left out.
 */
export function readRequestFile(name: string, file: string): InferenceRequest {
  const body = segmentsOf(readInput(file));
  try {
    const json = parseRequestJson(body);
    const values = simpleInputs(json);
    if (values === undefined) return readOipRequest({ model: name }, body, undefined, parseOipHead).request;
    const inputs = Object.entries(values).map(([input, value]) => tensorOf(input, value));
    return { id: '', inputs, ...requestParameters(json) };
  } catch (caught) {
    throw new OperatorError(`${file}: ${messageOf(caught)}`);
  }
}

/** Whole inputs by name; undefined for a body in the form of the protocol. */
function simpleInputs({
  instances,
  inputs,
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  if (isJsonObject(inputs)) return isBase64(inputs) ? {} : inputs;
  if (!Array.isArray(instances)) return undefined;
  const [first] = instances;
  if (!isJsonObject(first) || isBase64(first)) return {};
  return Object.fromEntries(
    Object.keys(first).map((name) => [
      name,
      instances.map((instance) => (isJsonObject(instance) ? instance[name] : undefined)),
    ]),
  );
}

function tensorOf(name: string, value: unknown): Tensor {
  const shape = nestedShape(value);
  const elements = flattenNested(
    value,
    shape,
    (place, problem) => new OperatorError(`input '${name}': value${place} ${problem}`),
  ).map((element) => (isBase64(element) ? Buffer.from(element.b64, 'base64') : element));
  const isAll = (type: string) => elements.every((element) => typeof element === type);
  const datatype = isAll('boolean') ? 'BOOL' : isAll('number') ? 'FP32' : 'BYTES';
  return { name, datatype, shape, data: readJsonData(name, datatype, shape, elements) };
}

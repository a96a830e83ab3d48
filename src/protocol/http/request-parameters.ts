import type { Parameter, Parameters } from '../../model/inference.ts';
import { invalid, isJsonObject, type JsonObject, malformed, present, shown } from './json-text.ts';

/** The parameters of a request: the server's own, and the rest for the model. `timeoutMs` is in ms. */
export interface RequestParameters {
  readonly parameters: Parameters;
  readonly timeoutMs: number | undefined;
  /** 1 is the most urgent; 0 uses the model's priority. */
  readonly priority: number;
}

/** Parameters that the server uses; the model does not get them. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['binary_data_output', 'timeout', 'priority']);
/** Prefix of parameters that clients send for Triton's own use; they are ignored. */
const RESERVED_PREFIX = 'triton_';

/** Reads the `parameters` of a request in any form. Those for the model may be any JSON. */
export function requestParameters(request: JsonObject): RequestParameters {
  const parameters = parametersOf(request);
  const own = Object.entries(parameters).filter(
    ([name, value]) =>
      !OWN_PARAMETERS.has(name) && !name.startsWith(RESERVED_PREFIX) && present(value) !== undefined,
  );
  return {
    parameters: Object.fromEntries(own) as Record<string, Parameter>,
    timeoutMs: timeoutMsOf(parameters),
    priority: priorityOf(parameters),
  };
}

export function parametersOf(holder: JsonObject): JsonObject {
  const parameters = present(holder.parameters);
  if (parameters === undefined) return {};
  if (!isJsonObject(parameters)) throw malformed(`'parameters' is ${shown(parameters)}, wanted an object`);
  return parameters;
}

/** Reads a boolean parameter; false when it is absent. `whose` is the prefix of the error message. */
export function booleanOf(whose: string, parameters: JsonObject, name: string): boolean {
  const value = present(parameters[name]) ?? false;
  if (typeof value === 'boolean') return value;
  throw invalid(`${whose}parameter '${name}' is ${shown(value)}, wanted true or false`);
}

/** The timeout in ms; undefined for 0, and for times beyond any clock. */
function timeoutMsOf(parameters: JsonObject): number | undefined {
  const microseconds = wholeNumberOf(parameters, 'timeout', 'a whole number of microseconds');
  return microseconds === 0 || microseconds >= Number.MAX_SAFE_INTEGER ? undefined : microseconds / 1000;
}

function priorityOf(parameters: JsonObject): number {
  return wholeNumberOf(parameters, 'priority', "a whole number: 0 for the model's own, 1 the most urgent");
}

/** The protocol defines 64-bit integers; values beyond the largest exact integer of a double are lowered to it. */
function wholeNumberOf(parameters: JsonObject, name: string, wanted: string): number {
  const value = present(parameters[name]) ?? 0;
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  if (!isWhole || (value as number | bigint) < 0) {
    throw invalid(`parameter '${name}' is ${shown(value)}, wanted ${wanted}`);
  }
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

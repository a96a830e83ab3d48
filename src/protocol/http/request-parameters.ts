import type { Parameter, Parameters } from '../../model/inference.ts';
import { invalid, isJsonObject, type JsonObject, malformed, present, shown } from './json-text.ts';

/** What the parameters of a request say: the server's own, and what is left for the model. */
export interface RequestParameters {
  readonly parameters: Parameters;
  readonly timeoutMs: number | undefined;
  /** 1 the most urgent; 0 leaves it to the model. */
  readonly priority: number;
}

/** Parameters that are the server's, not the model's. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['binary_data_output', 'timeout', 'priority']);
/** Names that Triton's clients send for its own use; a server without that use has nothing to do. */
const RESERVED_PREFIX = 'triton_';

/** Reads the `parameters` of a request, whichever form it has. A model's own may be any JSON. */
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

/** A parameter that is true or false; false where it is not set. `whose` begins the message that refuses others. */
export function booleanOf(whose: string, parameters: JsonObject, name: string): boolean {
  const value = present(parameters[name]) ?? false;
  if (typeof value === 'boolean') return value;
  throw invalid(`${whose}parameter '${name}' is ${shown(value)}, wanted true or false`);
}

/** A time beyond every clock is no limit of the caller's own. */
function timeoutMsOf(parameters: JsonObject): number | undefined {
  const microseconds = wholeNumberOf(parameters, 'timeout', 'a whole number of microseconds');
  return microseconds === 0 || microseconds >= Number.MAX_SAFE_INTEGER ? undefined : microseconds / 1000;
}

function priorityOf(parameters: JsonObject): number {
  return wholeNumberOf(parameters, 'priority', "a whole number: 0 for the model's own, 1 the most urgent");
}

/** The protocol has these as 64-bit integers; what a double cannot hold counts as the largest that it holds exactly. */
function wholeNumberOf(parameters: JsonObject, name: string, wanted: string): number {
  const value = present(parameters[name]) ?? 0;
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  if (!isWhole || (value as number | bigint) < 0) {
    throw invalid(`parameter '${name}' is ${shown(value)}, wanted ${wanted}`);
  }
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

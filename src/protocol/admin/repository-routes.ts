import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRefusal, type Refusal, refuse, ServingError } from '../../base/errors.ts';
import type { ModelCommands } from '../../gateway/model-commands.ts';
import type { Segments } from '../../tensor/segments.ts';
import { parseRequestJson, present, shown } from '../http/json-text.ts';
import { sendJson, sendRefusal } from '../http/reply.ts';
import { readSmallBody } from '../http/small-body.ts';
import { guardAdmin } from './admin-guard.ts';
import { readLoadParameters, unknownParameter } from './load-parameters.ts';

/** A route that loads or unloads a model. */
export interface RepositoryOrder {
  readonly verb: 'load' | 'unload';
  readonly model: string;
}

type Raw = Readonly<Record<string, unknown>>;
/** What is answered beside `{}`. */
type Result = Refusal | { readonly warnings: readonly string[] } | undefined;

/**
 * `POST /v2/repository/models/{model}/load` and `/unload`, for callers that may use the admin API. load answers
 * when the model serves, unload at once.
 */
export class RepositoryRoutes {
  readonly #commands: ModelCommands;
  readonly #token: string | undefined;

  constructor(commands: ModelCommands, token: string | undefined) {
    this.#commands = commands;
    this.#token = token;
  }

  handle(req: IncomingMessage, res: ServerResponse, { verb, model }: RepositoryOrder): void {
    const { headers, socket } = req;
    const refusal = guardAdmin({ remoteAddress: socket.remoteAddress, headers }, this.#token);
    if (refusal !== undefined) {
      sendRefusal(res, refusal);
      return;
    }
    readSmallBody(req, (body) => {
      const parameters = isRefusal(body) ? body : parametersIn(body);
      const done: Promise<Result> = isRefusal(parameters)
        ? Promise.resolve(parameters)
        : verb === 'load'
          ? this.#load(model, parameters)
          : this.#unload(model, parameters);
      done.then(
        (result) => {
          if (result !== undefined && isRefusal(result)) sendRefusal(res, result);
          else sendJson(res, 200, result ?? {});
        },
        () => sendRefusal(res, refuse('INTERNAL', 'internal error')),
      );
    });
  }

  async #load(model: string, parameters: Raw): Promise<Result> {
    const read = readLoadParameters(model, parameters);
    if (isRefusal(read)) return read;
    const { notes, ...overrides } = read;
    const refusal = await this.#commands.load(model, overrides);
    return refusal ?? (notes.length > 0 ? { warnings: notes } : undefined);
  }

  async #unload(
    model: string,
    { unload_dependents: dependents = false, ...others }: Raw,
  ): Promise<Refusal | undefined> {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) return unknownParameter(unknown, 'unload_dependents');
    if (typeof dependents !== 'boolean') {
      return refuse(
        'INVALID_INPUT',
        `parameter 'unload_dependents' is ${shown(dependents)}, wanted a boolean`,
      );
    }
    return this.#commands.unload(model, dependents);
  }
}

function parametersIn(body: Segments): Raw | Refusal {
  if (body.byteLength === 0) return {};
  try {
    const parameters = present(parseRequestJson(body).parameters) ?? {};
    if (typeof parameters === 'object' && !Array.isArray(parameters)) return parameters as Raw;
    return refuse('INVALID_INPUT', `'parameters' is ${shown(parameters)}, wanted an object`);
  } catch (caught) {
    return ServingError.from(caught).refusal;
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRefusal, type Refusal, refuse, ServingError } from '../../base/errors.ts';
import type { ModelCommands } from '../../gateway/model-commands.ts';
import type { Segments } from '../../tensor/segments.ts';
import { parseRequestJson, present, shown } from '../http/json-text.ts';
import { sendJson, sendRefusal } from '../http/reply.ts';
import { readSmallBody } from '../http/small-body.ts';
import { guardAdmin } from './admin-guard.ts';

/** A route that loads or unloads a model. */
export interface RepositoryOrder {
  readonly verb: 'load' | 'unload';
  readonly model: string;
}

type Raw = Readonly<Record<string, unknown>>;

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
      const done = isRefusal(parameters)
        ? Promise.resolve(parameters)
        : verb === 'load'
          ? this.#load(model, parameters)
          : this.#unload(model, parameters);
      done.then(
        (result) => {
          if (result === undefined) sendJson(res, 200, {});
          else sendRefusal(res, result);
        },
        () => sendRefusal(res, refuse('INTERNAL', 'internal error')),
      );
    });
  }

  async #load(model: string, { settings, ...others }: Raw): Promise<Refusal | undefined> {
    const [unknown] = Object.keys(others);
    if (unknown?.startsWith('file:') === true) {
      return refuse(
        'NOT_OFFERED',
        `parameter '${unknown.slice(0, 60)}' is not offered: copy the file into the models folder, then load the model`,
      );
    }
    if (unknown !== undefined) return unknownParameter(unknown, 'settings');
    const read = settings === undefined ? undefined : settingsIn(settings);
    return read !== undefined && isRefusal(read) ? read : this.#commands.load(model, read);
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

/** Settings come as JSON, or as the text of JSON, as Triton's clients send theirs. */
function settingsIn(value: unknown): Raw | Refusal {
  try {
    const read: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Raw;
  } catch {
    // Not JSON: the refusal says so.
  }
  return refuse(
    'INVALID_INPUT',
    `parameter 'settings' is ${shown(value)}, wanted an object in the form of model.yaml`,
  );
}

function unknownParameter(name: string, wanted: string): Refusal {
  return refuse('INVALID_INPUT', `parameter '${name.slice(0, 60)}' is unknown, wanted ${wanted}`);
}

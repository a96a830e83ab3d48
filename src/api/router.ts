import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../base/errors.ts';
import type { ServerHealth } from '../fleet/server-health.ts';
import { answerHealth } from './health-routes.ts';
import type { InferenceHandler } from './inference-handler.ts';
import type { ModelRoutes } from './model-routes.ts';
import { sendRefusal } from './reply.ts';

/** A handler for whatever is not on the inference paths. */
export type OtherRoutes = (req: IncomingMessage, res: ServerResponse) => void;

const VERSION = /^\d{1,15}$/;

/**
 * Sends a request to whoever answers it. Inference, metadata and health are matched by hand on the bare
 * server: a framework would cost more than all the rest of the way. What is left goes to `other`.
 */
export class Router {
  readonly #inference: InferenceHandler;
  readonly #models: ModelRoutes;
  readonly #health: ServerHealth;
  #other: OtherRoutes = (_, res) => sendRefusal(res, refuse('NOT_FOUND', 'Not Found: this part of the server is still starting'));

  constructor(inference: InferenceHandler, models: ModelRoutes, health: ServerHealth) {
    this.#inference = inference;
    this.#models = models;
    this.#health = health;
  }

  /** Takes over everything that is not matched here. */
  useOther(other: OtherRoutes): void {
    this.#other = other;
  }

  route(req: IncomingMessage, res: ServerResponse): void {
    const url = req.url ?? '/';
    const query = url.indexOf('?');
    const path = segmentsOf(query === -1 ? url : url.slice(0, query));
    if (path === undefined) {
      sendRefusal(res, refuse('MALFORMED', 'the path holds a percent sign that encodes nothing'));
    } else if (!this.#routeKnown(req, res, path)) {
      this.#other(req, res);
    }
  }

  #routeKnown(req: IncomingMessage, res: ServerResponse, path: readonly string[]): boolean {
    const [root, second, third] = path;
    if (root === 'v2') {
      if (second === undefined) return this.#get(req, res, () => this.#models.serverMetadata(res));
      if (second === 'models') return this.#routeModel(req, res, path);
      if (second === 'health' && (third === 'live' || third === 'ready') && path.length === 3) {
        return this.#get(req, res, () => this.#models.protocolHealth(res, third));
      }
    } else if (root === 'v1' && second === 'models') {
      if (third === undefined) return this.#get(req, res, () => this.#models.list(res));
      return this.#routePredict(req, res, path);
    } else if (root === 'health' && second !== undefined && path.length === 2) {
      if (!['live', 'ready', 'startup'].includes(second)) return false;
      return this.#get(req, res, () => answerHealth(this.#health, second, res));
    }
    return false;
  }

  /** `/v2/models/{model}[/versions/{version}][/ready|/infer]` */
  #routeModel(req: IncomingMessage, res: ServerResponse, path: readonly string[]): boolean {
    const model = path[2];
    if (model === undefined || model === '') return false;
    const hasVersion = path[3] === 'versions';
    const version = hasVersion ? path[4] : undefined;
    if (hasVersion && (version === undefined || !VERSION.test(version))) {
      sendRefusal(res, refuse('VERSION_UNKNOWN', `'${String(version).slice(0, 40)}' is no version: versions are whole numbers`));
      return true;
    }
    const action = path[hasVersion ? 5 : 3];
    if (path.length > (hasVersion ? 6 : 4)) return false;
    switch (action) {
      case 'infer':
        return this.#post(req, res, () => this.#inference.handle(req, res, 'infer', model, version));
      case 'ready':
        return this.#get(req, res, () => this.#models.modelReady(res, model, version));
      case undefined:
        return this.#get(req, res, () => this.#models.modelMetadata(res, model, version));
      default:
        return false;
    }
  }

  /** `/v1/models/{model}:predict` and `/v1/models/{model}/versions/{version}:predict` */
  #routePredict(req: IncomingMessage, res: ServerResponse, path: readonly string[]): boolean {
    const last = path.at(-1) ?? '';
    if (!last.endsWith(':predict')) return false;
    const name = last.slice(0, -':predict'.length);
    if (path.length === 3) return this.#post(req, res, () => this.#inference.handle(req, res, 'predict', name, undefined));
    const model = path[2];
    if (path.length !== 5 || path[3] !== 'versions' || model === undefined) return false;
    return this.#post(req, res, () => this.#inference.handle(req, res, 'predict', model, name));
  }

  #get(req: IncomingMessage, res: ServerResponse, answer: () => void): boolean {
    return this.#only('GET', req, res, answer);
  }

  #post(req: IncomingMessage, res: ServerResponse, answer: () => void): boolean {
    return this.#only('POST', req, res, answer);
  }

  #only(method: string, req: IncomingMessage, res: ServerResponse, answer: () => void): boolean {
    if (req.method === method) {
      answer();
    } else {
      res.setHeader('allow', method);
      sendRefusal(res, refuse('METHOD_NOT_ALLOWED', `Method Not Allowed: ${req.method} came, ${method} is wanted`));
    }
    return true;
  }
}

/** Path segments, each decoded once; undefined when one cannot be. A slash at the end makes no difference. */
function segmentsOf(path: string): string[] | undefined {
  const segments = path.split('/');
  segments.shift();
  if (segments.at(-1) === '') segments.pop();
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

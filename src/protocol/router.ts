import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, unreachable } from '../base/errors.ts';
import type { ServerHealth } from '../fleet/catalog/server-health.ts';
import { answerHealth } from './health/health-routes.ts';
import { sendJson, sendRefusal } from './http/reply.ts';
import { normalizeTarget } from './http/request-target.ts';
import { methodOf, parseRoute, type Route } from './http/route.ts';
import type { InferenceHandler } from './inference/inference-handler.ts';
import type { ExtensionRoutes } from './oip/extension-routes.ts';
import type { ModelRoutes } from './oip/model-routes.ts';

/** A handler for whatever is not on the inference paths. */
export interface OtherRoutes {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** Ends answers that would never end by themselves. */
  close(): void;
}

/** Clients ask for the same few paths again and again; strangers' inventions must not pile up. */
const MAX_REMEMBERED = 256;
const MAX_REMEMBERED_LENGTH = 256;

/**
 * Sends a request to whoever answers it. Inference, metadata and health are answered on the bare server: a
 * framework would cost more than all the rest of the way. What is left goes to `other`.
 */
export class Router {
  readonly #inference: InferenceHandler;
  readonly #models: ModelRoutes;
  readonly #extensions: ExtensionRoutes;
  readonly #health: ServerHealth;
  readonly #remembered = new Map<string, Route>();
  #other: OtherRoutes = {
    handle: (_, res) =>
      sendRefusal(res, refuse('MODEL_STARTING', 'this part of the server is ready only when all models are')),
    close() {},
  };

  constructor(
    inference: InferenceHandler,
    models: ModelRoutes,
    extensions: ExtensionRoutes,
    health: ServerHealth,
  ) {
    this.#inference = inference;
    this.#models = models;
    this.#extensions = extensions;
    this.#health = health;
  }

  /** Takes over everything that is not matched here. */
  useOther(other: OtherRoutes): void {
    this.#other = other;
  }

  /** Ends answers that would never end by themselves: the server is shutting down. */
  close(): void {
    this.#other.close();
  }

  route(req: IncomingMessage, res: ServerResponse): void {
    const wrong = normalizeTarget(req);
    if (wrong !== undefined) {
      sendRefusal(res, wrong);
      return;
    }
    const route = this.#routeOf(req.url ?? '/');
    const wanted = methodOf(route);
    const method = req.method === 'HEAD' ? 'GET' : req.method;
    if (wanted === undefined || method === wanted) {
      this.#answer(route, req, res);
    } else {
      res.setHeader('allow', wanted);
      sendRefusal(
        res,
        refuse('METHOD_NOT_ALLOWED', `Method Not Allowed: ${req.method} came, ${wanted} is wanted`),
      );
    }
  }

  #answer(route: Route, req: IncomingMessage, res: ServerResponse): void {
    switch (route.kind) {
      case 'infer':
      case 'predict':
        this.#inference.handle(req, res, route.kind, route.model, route.version);
        break;
      case 'model metadata':
        this.#models.modelMetadata(res, route.model, route.version);
        break;
      case 'model ready':
        this.#models.modelReady(res, route.model, route.version);
        break;
      case 'simple ready':
        this.#models.simpleReady(res, route.model, route.version);
        break;
      case 'model configuration':
        this.#extensions.configuration(res, route.model, route.version);
        break;
      case 'model statistics':
        this.#extensions.statistics(res, route.model, route.version);
        break;
      case 'all statistics':
        this.#extensions.allStatistics(res);
        break;
      case 'repository index':
        this.#extensions.index(req, res);
        break;
      case 'regions':
        sendJson(res, 200, []);
        break;
      case 'forget regions':
        sendJson(res, 200, {});
        break;
      case 'not offered':
        sendRefusal(res, refuse('NOT_OFFERED', route.message));
        break;
      case 'alive':
        sendJson(res, 200, { status: 'alive' });
        break;
      case 'server metadata':
        this.#models.serverMetadata(res);
        break;
      case 'model list':
        this.#models.list(res);
        break;
      case 'protocol health':
        this.#models.protocolHealth(res, route.check);
        break;
      case 'health':
        answerHealth(this.#health, route.check, res);
        break;
      case 'bad version':
        sendRefusal(
          res,
          refuse(
            'VERSION_UNKNOWN',
            `'${route.version.slice(0, 40)}' is no version: versions are whole numbers`,
          ),
        );
        break;
      case 'bad path':
        sendRefusal(res, refuse('MALFORMED', 'the path holds a percent sign that encodes nothing'));
        break;
      case 'other':
        this.#other.handle(req, res);
        break;
      default:
        unreachable(route);
    }
  }

  #routeOf(url: string): Route {
    const known = this.#remembered.get(url);
    if (known !== undefined) return known;
    const route = parseRoute(url);
    if (url.length <= MAX_REMEMBERED_LENGTH) {
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      this.#remembered.set(url, route);
    }
    return route;
  }
}

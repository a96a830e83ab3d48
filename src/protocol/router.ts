import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse, unreachable } from '../base/errors.ts';
import type { ServerHealth } from '../fleet/catalog/server-health.ts';
import type { RepositoryRoutes } from './admin/repository-routes.ts';
import { answerHealth } from './health/health-routes.ts';
import type { NodeExchange } from './http/node-exchange.ts';
import { sendJson, sendRefusal } from './http/reply.ts';
import { normalizeTarget } from './http/request-target.ts';
import { methodOf, parseRoute, type Route } from './http/route.ts';
import type { InferenceHandler } from './inference/inference-handler.ts';
import type { ExtensionRoutes } from './oip/extension-routes.ts';
import type { ModelRoutes } from './oip/model-routes.ts';
import { openAiError } from './openai/error-form.ts';

/** The handler for all paths that the router does not match. */
export interface OtherRoutes {
  /** With `pass`, a path that it does not have is passed on instead of refused. */
  handle(req: IncomingMessage, res: ServerResponse, pass?: () => void): void;
  /** Ends streaming answers. */
  close(): void;
}

/** Clients use few paths, so parsed paths are kept; the bounds limit the memory that arbitrary paths can use. */
const MAX_REMEMBERED = 256;
const MAX_REMEMBERED_LENGTH = 256;

/** The handlers of the paths that need no framework. */
export interface RouteHandlers {
  readonly inference: InferenceHandler;
  readonly models: ModelRoutes;
  readonly extensions: ExtensionRoutes;
  readonly repository: RepositoryRoutes;
  readonly health: ServerHealth;
}

/**
 * Routes a request to its handler. Inference, metadata and health are handled without a framework, which would cost
 * more than the rest of the request's path. All other requests go to `other`.
 */
export class Router {
  readonly #handlers: RouteHandlers;
  readonly #remembered = new Map<string, Route>();
  #other: OtherRoutes = {
    handle: (_, res) =>
      sendRefusal(
        res,
        refuse(
          'MODEL_STARTING',
          'the server is still starting and this path is not available yet: try again',
        ),
      ),
    close() {},
  };

  constructor(handlers: RouteHandlers) {
    this.#handlers = handlers;
  }

  /** Sets the handler of all other paths. */
  useOther(other: OtherRoutes): void {
    this.#other = other;
  }

  /** Ends streaming answers at shutdown. */
  close(): void {
    this.#other.close();
  }

  /**
   * With `pass`, paths of others are passed on instead of refused: another application has the same paths before them,
   * and `/` is its own.
   */
  route(exchange: NodeExchange, pass?: () => void): void {
    const { req, res } = exchange;
    const wrong = normalizeTarget(req);
    if (wrong !== undefined) {
      sendRefusal(res, wrong);
      return;
    }
    const route = this.#routeOf(req.url ?? '/');
    if (route.kind === 'alive' && pass !== undefined) {
      pass();
      return;
    }
    const wanted = methodOf(route);
    const method = req.method === 'HEAD' ? 'GET' : req.method;
    if (wanted === undefined || method === wanted) {
      this.#answer(route, exchange, pass);
    } else {
      res.setHeader('allow', wanted);
      sendRefusal(
        res,
        refuse('METHOD_NOT_ALLOWED', `Method Not Allowed: got ${req.method}, wanted ${wanted}`),
      );
    }
  }

  #answer(route: Route, exchange: NodeExchange, pass: (() => void) | undefined): void {
    const { req, res } = exchange;
    const { inference, models, extensions, repository, health } = this.#handlers;
    switch (route.kind) {
      case 'infer':
      case 'predict':
      case 'generate':
      case 'generate stream':
        inference.handle(exchange, route);
        break;
      case 'embeddings':
        exchange.errorForm = openAiError;
        inference.handleNaming(exchange);
        break;
      case 'model metadata':
        models.modelMetadata(res, route.model, route.version);
        break;
      case 'model ready':
        models.modelReady(res, route.model, route.version);
        break;
      case 'simple ready':
        models.simpleReady(res, route.model, route.version);
        break;
      case 'model configuration':
        extensions.configuration(res, route.model, route.version);
        break;
      case 'model statistics':
        extensions.statistics(res, route.model, route.version);
        break;
      case 'all statistics':
        extensions.allStatistics(res);
        break;
      case 'repository index':
        extensions.index(req, res);
        break;
      case 'repository control':
        repository.handle(req, res, route);
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
        models.serverMetadata(res);
        break;
      case 'model list':
        models.list(res);
        break;
      case 'protocol health':
        models.protocolHealth(res, route.check);
        break;
      case 'health':
        answerHealth(health, route.check, res);
        break;
      case 'bad version':
        sendRefusal(
          res,
          refuse(
            'VERSION_UNKNOWN',
            `'${route.version.slice(0, 40)}' is not a version, wanted a whole number`,
          ),
        );
        break;
      case 'bad path':
        sendRefusal(res, refuse('MALFORMED', 'the path contains an invalid percent-encoding'));
        break;
      case 'other':
        this.#other.handle(req, res, pass);
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

import type { ServerResponse } from 'node:http';
import { isRefusal, refuse } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { ServerHealth } from '../../fleet/catalog/server-health.ts';
import { routeMetadata, whyRouteNotReady } from '../../gateway/routes/route-status.ts';
import type { RouteTable } from '../../gateway/routes/route-table.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import type { RoutePlan } from '../../routing/route-plan.ts';
import { sendJson, sendRefusal } from '../http/reply.ts';
import { whyNoMetadata } from './extension-routes.ts';

/** Extensions that are implemented. */
const EXTENSIONS = [
  'binary_tensor_data',
  'parameters',
  'schedule_policy',
  'model_configuration',
  'statistics',
  'model_repository',
  'model_repository(unload_dependents)',
  'generate',
];

/** Name and version of the server. */
export interface ServerIdentity {
  readonly name: string;
  readonly version: string;
}

/** Readable data about models and the server, in the protocol's form and in the simple one. */
export class ModelRoutes {
  readonly #registry: ModelRegistry;
  readonly #table: RouteTable;
  readonly #health: ServerHealth;
  readonly #identity: ServerIdentity;

  constructor(
    { registry, table }: { readonly registry: ModelRegistry; readonly table: RouteTable },
    health: ServerHealth,
    identity: ServerIdentity,
  ) {
    this.#registry = registry;
    this.#table = table;
    this.#health = health;
    this.#identity = identity;
  }

  /** `GET /v2` */
  serverMetadata(res: ServerResponse): void {
    sendJson(res, 200, { ...this.#identity, extensions: EXTENSIONS });
  }

  /** `GET /v2/health/live` and `/v2/health/ready`, with every member that some client reads. */
  protocolHealth(res: ServerResponse, check: string): void {
    const ready = this.#health.whyNotReady() === undefined;
    if (check === 'live') sendJson(res, 200, { live: true });
    else sendJson(res, ready ? 200 : 503, { ready, live: true });
  }

  /** `GET /v2/models/{model}[/versions/{version}]` */
  modelMetadata(res: ServerResponse, model: string, version: string | undefined): void {
    const route = version === undefined ? this.#table.find(model) : undefined;
    if (route !== undefined) {
      this.#routeMetadata(res, model, route.plan);
      return;
    }
    const found = this.#registry.find(model, version);
    if (isRefusal(found) || found.metadata === undefined) {
      sendRefusal(res, isRefusal(found) ? found : whyNoMetadata(found));
      return;
    }
    const { metadata } = found;
    const ready = this.#registry.versionsOf(model).filter((other) => other.isReady);
    sendJson(res, 200, {
      name: model,
      versions: version === undefined ? ready.map((other) => other.spec.version) : [version],
      platform: metadata.platform,
      inputs: metadata.inputs.map(signatureOf),
      outputs: metadata.outputs.map(signatureOf),
      ...(found.spec.settings.image === undefined
        ? {}
        : { parameters: { image: found.spec.settings.image } }),
    });
  }

  /** A route has the inputs and outputs that its targets have in common. */
  #routeMetadata(res: ServerResponse, name: string, plan: RoutePlan): void {
    const metadata = routeMetadata(plan, { registry: this.#registry, table: this.#table });
    if (metadata === undefined) {
      sendRefusal(res, refuse('MODEL_STARTING', `no target of the route '${name}' is loaded`));
      return;
    }
    const { inputs, outputs } = metadata;
    sendJson(res, 200, {
      ...{ name, versions: [], platform: 'galley_route' },
      ...{ inputs: inputs.map(signatureOf), outputs: outputs.map(signatureOf) },
    });
  }

  /** undefined for the name of a model. */
  #whyRouteNotReady(name: string, version: string | undefined): string | undefined {
    const route = version === undefined ? this.#table.find(name) : undefined;
    if (route === undefined) return undefined;
    return whyRouteNotReady(route.plan, { registry: this.#registry, table: this.#table }) ?? '';
  }

  /** `GET /v2/models/{model}[/versions/{version}]/ready` */
  modelReady(res: ServerResponse, model: string, version: string | undefined): void {
    const why = this.#whyRouteNotReady(model, version);
    if (why !== undefined) {
      sendJson(res, why === '' ? 200 : 503, {
        name: model,
        ready: why === '',
        ...(why === '' ? {} : { error: why }),
      });
      return;
    }
    const found = this.#registry.find(model, version);
    if (isRefusal(found)) sendRefusal(res, found);
    else if (found.isReady) sendJson(res, 200, { name: model, ready: true });
    else sendJson(res, 503, { name: model, ready: false, error: 'Model version not ready' });
  }

  /** `GET /v1/models/{model}[/versions/{version}]`, as defined by KServe's V1 protocol. */
  simpleReady(res: ServerResponse, model: string, version: string | undefined): void {
    if (this.#whyRouteNotReady(model, version) !== undefined) {
      this.modelReady(res, model, version);
      return;
    }
    const found = this.#registry.find(model, version);
    if (isRefusal(found)) sendRefusal(res, found);
    else if (found.isReady) sendJson(res, 200, { name: model, ready: true });
    else sendJson(res, 503, { name: model, ready: false, error: `${found.name} is not ready` });
  }

  /** `GET /v1/models`, with the list of OpenAI's API beside that of this server. */
  list(res: ServerResponse): void {
    const models = this.#registry.models().map((name) => ({
      name,
      versions: this.#registry.versionsOf(name).map(({ spec, state }) => ({ version: spec.version, state })),
    }));
    const routes = this.#table.all().map(({ name }) => ({ name, versions: [] }));
    const all = [...models, ...routes];
    sendJson(res, 200, { object: 'list', data: all.map(({ name }) => openAiModel(name)), models: all });
  }
}

/** A model in OpenAI's form. When it was trained is unknown. */
function openAiModel(name: string): object {
  return { id: name, object: 'model', created: 0, owned_by: 'galley' };
}

/** A tensor in the protocol's form. */
function signatureOf({ name, datatype, shape }: TensorMetadata): TensorMetadata {
  return { name, datatype, shape };
}

import type { ServerResponse } from 'node:http';
import { isRefusal } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { ServerHealth } from '../../fleet/catalog/server-health.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { sendJson, sendRefusal } from '../http/reply.ts';
import { whyNoMetadata } from './extension-routes.ts';

/** Extensions that are implemented completely: of the model repository extension only the index is. */
const EXTENSIONS = [
  'binary_tensor_data',
  'parameters',
  'schedule_policy',
  'model_configuration',
  'statistics',
];

/** Name and version of the server. */
export interface ServerIdentity {
  readonly name: string;
  readonly version: string;
}

/** Readable data about models and the server, in the protocol's form and in the simple one. */
export class ModelRoutes {
  readonly #registry: ModelRegistry;
  readonly #health: ServerHealth;
  readonly #identity: ServerIdentity;

  constructor(registry: ModelRegistry, health: ServerHealth, identity: ServerIdentity) {
    this.#registry = registry;
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

  /** `GET /v2/models/{model}[/versions/{version}]/ready` */
  modelReady(res: ServerResponse, model: string, version: string | undefined): void {
    const found = this.#registry.find(model, version);
    if (isRefusal(found)) sendRefusal(res, found);
    else if (found.isReady) sendJson(res, 200, { name: model, ready: true });
    else sendJson(res, 503, { name: model, ready: false, error: 'Model version not ready' });
  }

  /** `GET /v1/models/{model}[/versions/{version}]`, as defined by KServe's V1 protocol. */
  simpleReady(res: ServerResponse, model: string, version: string | undefined): void {
    const found = this.#registry.find(model, version);
    if (isRefusal(found)) sendRefusal(res, found);
    else if (found.isReady) sendJson(res, 200, { name: model, ready: true });
    else sendJson(res, 503, { name: model, ready: false, error: `${found.name} is not ready` });
  }

  /** `GET /v1/models` */
  list(res: ServerResponse): void {
    const models = this.#registry.models().map((name) => ({
      name,
      versions: this.#registry.versionsOf(name).map(({ spec, state }) => ({ version: spec.version, state })),
    }));
    sendJson(res, 200, { models });
  }
}

/** A tensor in the protocol's form. */
function signatureOf({ name, datatype, shape }: TensorMetadata): TensorMetadata {
  return { name, datatype, shape };
}

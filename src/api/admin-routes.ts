import type { FastifyInstance } from 'fastify';
import { isRefusal, type Refusal } from '../base/errors.ts';
import type { ModelRegistry } from '../fleet/model-registry.ts';
import type { VersionInService } from '../fleet/version-in-service.ts';
import { guardAdmin } from './admin-guard.ts';

/** `GET /admin/models` and `/admin/models/{model}`: every replica with its state, why, and its warmup report. */
export function adminRoutes(
  app: FastifyInstance,
  registry: ModelRegistry,
  sendRefused: (reply: { raw: import('node:http').ServerResponse }, refusal: Refusal) => void,
): void {
  app.addHook('onRequest', (request, reply, next) => {
    const refusal = guardAdmin({
      remoteAddress: request.socket.remoteAddress,
      host: request.headers.host,
      origin: request.headers.origin,
    });
    if (refusal === undefined) next();
    else sendRefused(reply, refusal);
  });
  app.get('/admin/models', () => ({
    models: registry
      .models()
      .map((model) => ({ name: model, versions: registry.versionsOf(model).map(describe) })),
  }));
  app.get<{ Params: { model: string } }>('/admin/models/:model', (request, reply) => {
    const { model } = request.params;
    const found = registry.find(model, undefined);
    if (!isRefusal(found)) return { name: model, versions: registry.versionsOf(model).map(describe) };
    sendRefused(reply, found);
    return reply;
  });
}

function describe(version: VersionInService) {
  return {
    version: version.spec.version,
    state: version.state,
    reason: version.failure,
    maxBatchSize: version.path.maxBatchSize,
    queue: { rows: version.path.queue.rows, bytes: version.path.queue.bytes },
    inFlight: version.path.inFlight,
    replicas: version.supervisor.replicas(),
  };
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { Scaler } from '../../fleet/autoscale/scaler.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { REPLICA_ACTIONS, type ReplicaAction } from '../../fleet/version/operate.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { ModelCommands } from '../../gateway/model-commands.ts';
import type { DecisionLog } from '../../observe/decisions/decision-log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { ServerSnapshot, Snapshots } from '../../observe/snapshot/server-snapshot.ts';
import type { VersionSnapshot } from '../../observe/snapshot/version-snapshot.ts';
import { guardAdmin } from './admin-guard.ts';
import { readDecisionQuery } from './decision-query.ts';
import type { DecisionStream } from './decision-stream.ts';
import { figuresView } from './figures-view.ts';
import { modelCommandRoutes } from './model-command-routes.ts';
import { routeRoutes } from './route-routes.ts';
import { readScaleOrder } from './scale-order.ts';

/** The parts of the server that the admin API uses. */
export interface AdminPorts {
  readonly registry: ModelRegistry;
  readonly operations: {
    readonly decisions: DecisionLog;
    /** Converts a monotonic time to wall-clock time, in ms. */
    wallMs(at: number): number;
    /** The flight recording so far; undefined when the recorder is off. */
    recording(): Buffer | undefined;
  };
  readonly scaler: Scaler;
  readonly snapshots: Snapshots;
  readonly metrics: Pick<Metrics, 'of'>;
  readonly adminToken: string | undefined;
  readonly routes: Parameters<typeof routeRoutes>[1];
  readonly commands: ModelCommands;
}

type Params = Readonly<Record<string, string>>;

/** The admin API: states of models and replicas, actions on replicas, decision log, alerts and flight recording. */
export function adminRoutes(
  app: FastifyInstance,
  ports: AdminPorts,
  stream: DecisionStream,
  sendRefused: (reply: FastifyReply, refusal: Refusal) => void,
): void {
  const { registry, operations, snapshots, metrics, adminToken } = ports;
  app.addHook('onRequest', (request, reply, next) => {
    const { headers, socket } = request;
    const refusal = guardAdmin({ remoteAddress: socket.remoteAddress, headers }, adminToken);
    if (refusal === undefined) next();
    else sendRefused(reply, refusal);
  });
  // No call reads a body: a body of any content type is ignored.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  const answer = (reply: FastifyReply, result: object) => {
    if (!isRefusal(result)) return result;
    sendRefused(reply, result);
    return reply;
  };
  const withFigures = (version: VersionSnapshot) => {
    const counted = metrics.of(version.name);
    return { ...version, figures: counted && figuresView(counted) };
  };
  const modelView = ({ name, versions }: ServerSnapshot['models'][number]) => {
    return { name, versions: versions.map(withFigures) };
  };

  app.get('/admin/models', () => {
    const { models, rollouts } = snapshots.take();
    return { models: models.map(modelView), rollouts };
  });
  app.get<{ Params: Params }>('/admin/models/:model', ({ params: { model = '' } }, reply) => {
    const found = registry.find(model, undefined);
    return answer(reply, isRefusal(found) ? found : modelView(snapshots.ofModel(model)));
  });
  app.post<{ Params: Params }>(
    '/admin/models/:model/versions/:version/replicas/:index/:action',
    ({ params }, reply) => {
      const done = act(params, registry);
      return answer(reply, isRefusal(done) ? done : withFigures(snapshots.ofVersion(done)));
    },
  );
  app.post<{ Params: Params }>('/admin/models/:model/scale', ({ params, query }, reply) => {
    const done = scale(ports, params.model ?? '', query as Readonly<Record<string, unknown>>);
    return answer(reply, isRefusal(done) ? done : withFigures(snapshots.ofVersion(done)));
  });
  modelCommandRoutes(
    app,
    { commands: ports.commands, versionsOf: (model) => modelView(snapshots.ofModel(model)) },
    answer,
  );
  routeRoutes(app, ports.routes, answer);
  app.get('/admin/alerts', () => ({ alerts: snapshots.alerts() }));
  app.get('/admin/decisions', (request: FastifyRequest, reply) => {
    const query = readDecisionQuery(request.query as Readonly<Record<string, unknown>>);
    if (isRefusal(query)) return answer(reply, query);
    if (request.headers.accept?.includes('text/event-stream') !== true) return stream.list(query);
    reply.hijack();
    stream.open(reply.raw, query);
    return reply;
  });
  app.get('/admin/recording', (_request, reply) => {
    const recording = operations.recording();
    if (recording === undefined)
      return answer(reply, refuse('NOT_FOUND', 'there is no recording: set recorder.enabled to true'));
    void reply.type('application/octet-stream');
    return reply.send(recording);
  });
}

/** Applies an action to a replica and returns its version. */
function act(params: Params, registry: ModelRegistry): VersionInService | Refusal {
  const { model = '', version = '', index = '', action = '' } = params;
  const found = registry.find(model, version);
  if (isRefusal(found)) return found;
  if (!REPLICA_ACTIONS.includes(action as ReplicaAction)) {
    return refuse(
      'NOT_FOUND',
      `'${action.slice(0, 40)}' is not a replica action, wanted one of ${REPLICA_ACTIONS.join(', ')}`,
    );
  }
  const problem = found.operate(action as ReplicaAction, `${found.name}#${index}`);
  return problem === undefined ? found : refuse('CONFLICT', problem);
}

/** Sets or releases the number of replicas of a model by hand, and returns the version that it concerns. */
function scale(
  { registry, scaler }: AdminPorts,
  model: string,
  query: Readonly<Record<string, unknown>>,
): VersionInService | Refusal {
  const order = readScaleOrder(query);
  if (isRefusal(order)) return order;
  const found = registry.find(model, order.version);
  if (isRefusal(found)) return found;
  if (scaler.of(found) === undefined) {
    const isPipeline = found.spec.settings.pipeline !== undefined;
    const why = isPipeline
      ? 'is a pipeline, which has no process: scale the models of its steps'
      : `cannot be loaded (${found.failure}), so it has no replicas to scale`;
    return refuse('CONFLICT', `${found.name} ${why}`);
  }
  const { replicas, threads, forMs } = order;
  const cores = Math.max(1, Math.floor(scaler.budget.cores));
  if (threads !== undefined && threads > cores) {
    return refuse(
      'CONFLICT',
      `threads is ${threads}, wanted at most the number of cores for replicas (${cores})`,
    );
  }
  if (replicas === 'auto' && !scaler.release(found) && threads === undefined) {
    return refuse('CONFLICT', `the number of replicas of ${found.name} was not set by hand`);
  }
  if (threads !== undefined) scaler.resize(found, threads);
  if (typeof replicas === 'number') scaler.override(found, replicas, forMs);
  return found;
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRefusal, type Refusal, refuse } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import { REPLICA_ACTIONS, type ReplicaAction } from '../../fleet/version/operate.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Alerts } from '../../observe/alerts/alerts.ts';
import type { DecisionLog } from '../../observe/decisions/decision-log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { guardAdmin } from './admin-guard.ts';
import { batchingView, figuresView } from './batching-view.ts';
import { readDecisionQuery } from './decision-query.ts';
import type { DecisionStream } from './decision-stream.ts';

/** The parts of the server that the admin API uses. */
export interface AdminPorts {
  readonly registry: ModelRegistry;
  readonly operations: {
    readonly decisions: DecisionLog;
    readonly alerts: Alerts;
    /** Converts a monotonic time to wall-clock time, in ms. */
    wallMs(at: number): number;
    /** The flight recording so far; undefined when the recorder is off. */
    recording(): Buffer | undefined;
  };
  readonly metrics: Pick<Metrics, 'of'>;
  readonly adminToken: string | undefined;
}

type Params = Readonly<Record<string, string>>;

/** The admin API: states of models and replicas, actions on replicas, decision log, alerts and flight recording. */
export function adminRoutes(
  app: FastifyInstance,
  ports: AdminPorts,
  stream: DecisionStream,
  sendRefused: (reply: FastifyReply, refusal: Refusal) => void,
): void {
  const { registry, operations, adminToken } = ports;
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
  const describeModel = (model: string) => ({
    name: model,
    versions: registry.versionsOf(model).map((version) => describe(version, ports)),
  });

  app.get('/admin/models', () => ({ models: registry.models().map(describeModel) }));
  app.get<{ Params: Params }>('/admin/models/:model', ({ params: { model = '' } }, reply) => {
    const found = registry.find(model, undefined);
    return answer(reply, isRefusal(found) ? found : describeModel(model));
  });
  app.post<{ Params: Params }>(
    '/admin/models/:model/versions/:version/replicas/:index/:action',
    ({ params }, reply) => answer(reply, act(params, ports)),
  );
  app.get('/admin/alerts', () => ({
    alerts: operations.alerts.active().map(({ startedAt, ...alert }) => ({
      ...alert,
      since: new Date(operations.wallMs(startedAt)).toISOString(),
    })),
  }));
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

function act(params: Params, ports: AdminPorts): object {
  const { model = '', version = '', index = '', action = '' } = params;
  const found = ports.registry.find(model, version);
  if (isRefusal(found)) return found;
  if (!REPLICA_ACTIONS.includes(action as ReplicaAction)) {
    return refuse(
      'NOT_FOUND',
      `'${action.slice(0, 40)}' is not a replica action, wanted one of ${REPLICA_ACTIONS.join(', ')}`,
    );
  }
  const problem = found.operate(action as ReplicaAction, `${found.name}#${index}`);
  return problem === undefined ? describe(found, ports) : refuse('CONFLICT', problem);
}

function describe(version: VersionInService, { operations, metrics }: AdminPorts) {
  const counted = metrics.of(version);
  const { path, health, supervisor } = version;
  const moment = (at: number) => new Date(operations.wallMs(at)).toISOString();
  const replicas = supervisor.replicas().map(({ since, heartbeat, ...status }) => {
    const probe = health.prober.lastOf(status.replica);
    const view = path.roster.view(status.replica);
    return {
      ...status,
      since: moment(since),
      lastProbe: probe && { result: probe.result, detail: probe.detail, at: moment(probe.at) },
      conditions: health.conditions
        .conditionsOf(status.replica)
        .map(({ cause, severity, detail, since: from }) => ({
          ...{ cause, severity, detail },
          since: moment(from),
        })),
      memoryBytes: heartbeat?.rssBytes,
      cpuMs: heartbeat?.cpuMs,
      batches: heartbeat?.batches,
      running: view?.running ?? 0,
      warmup: version.warmups.reportOf(status.replica),
    };
  });
  const rows = version.loaded?.rowIndependence;
  return {
    version: version.spec.version,
    state: version.state,
    reason: version.failure,
    ready: version.isReady,
    notReadyBecause: version.whyNotReady ?? null,
    rows: rows?.kind ?? null,
    rowsBecause: rows !== undefined && 'why' in rows ? rows.why : null,
    batching: batchingView(version),
    figures: counted && figuresView(counted),
    comparesGoldenNumbers: version.loaded?.golden?.comparesNumbers ?? null,
    deniedInputs: path.quarantine.denied.size,
    queue: { rows: path.queue.rows, bytes: path.queue.bytes },
    inFlight: path.service.inFlight,
    replicas,
  };
}

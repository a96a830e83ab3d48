import type { IncomingMessage, ServerResponse } from 'node:http';
import { isRefusal, type Refusal, refuse, ServingError } from '../../base/errors.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { ModelCommands } from '../../gateway/model-commands.ts';
import type { RouteTable } from '../../gateway/routes/route-table.ts';
import type { Statistics } from '../../observe/metrics/statistics.ts';
import type { Segments } from '../../tensor/segments.ts';
import { parseRequestJson, present, shown } from '../http/json-text.ts';
import { sendJson, sendRefusal } from '../http/reply.ts';
import { readSmallBody } from '../http/small-body.ts';
import { modelConfiguration } from './model-configuration.ts';
import { repositoryIndex } from './repository-index.ts';
import { statisticsView } from './statistics-view.ts';

/** Dependencies of the extensions. */
export interface ExtensionPorts {
  readonly registry: ModelRegistry;
  readonly table: Pick<RouteTable, 'find'>;
  readonly statistics: Statistics;
  readonly commands: Pick<ModelCommands, 'unserved'>;
  /** The wall-clock time of a monotonic one, in ms. */
  readonly wallMs: (at: number) => number;
}

/** Routes of Triton's clients beyond the protocol: configuration, statistics, repository index. */
export class ExtensionRoutes {
  readonly #ports: ExtensionPorts;

  constructor(ports: ExtensionPorts) {
    this.#ports = ports;
  }

  /** `GET /v2/models/{model}[/versions/{version}]/config` */
  configuration(res: ServerResponse, model: string, wanted: string | undefined): void {
    const version = this.#versionOf(model, wanted);
    if (isRefusal(version)) sendRefusal(res, version);
    else if (version.metadata === undefined) sendRefusal(res, whyNoMetadata(version));
    else sendJson(res, 200, modelConfiguration(version, version.metadata));
  }

  /** `GET /v2/models/{model}[/versions/{version}]/stats` */
  statistics(res: ServerResponse, model: string, wanted: string | undefined): void {
    const { registry } = this.#ports;
    const found = this.#versionOf(model, wanted);
    if (isRefusal(found)) sendRefusal(res, found);
    else this.#sendStatistics(res, wanted === undefined ? registry.versionsOf(model) : [found]);
  }

  /** `GET /v2/models/stats` */
  allStatistics(res: ServerResponse): void {
    this.#sendStatistics(res, this.#ports.registry.all());
  }

  /** `POST /v2/repository/index`; without a body it lists all models. */
  index(req: IncomingMessage, res: ServerResponse): void {
    readSmallBody(req, (body) => {
      const wantsReady = isRefusal(body) ? body : wantsReadyOnly(body);
      if (typeof wantsReady === 'object') {
        sendRefusal(res, wantsReady);
        return;
      }
      const { registry, commands } = this.#ports;
      const rows = repositoryIndex(registry.all(), commands.unserved());
      sendJson(res, 200, wantsReady ? rows.filter(({ state }) => state === 'READY') : rows);
    });
  }

  /** A route has neither configuration nor statistics of its own. */
  #versionOf(model: string, wanted: string | undefined): VersionInService | Refusal {
    const { registry, table } = this.#ports;
    if (wanted !== undefined || table.find(model) === undefined) return registry.find(model, wanted);
    return refuse(
      'NOT_OFFERED',
      `'${model}' is a route: ask for one of its targets, or GET /admin/routes/${model}`,
    );
  }

  #sendStatistics(res: ServerResponse, versions: readonly VersionInService[]): void {
    const { statistics, wallMs } = this.#ports;
    const views = versions.flatMap((version) => {
      const counted = statistics.of(version);
      return counted === undefined ? [] : [statisticsView(counted, wallMs)];
    });
    sendJson(res, 200, { model_stats: views });
  }
}

/** The refusal for a version that cannot be described yet. */
export function whyNoMetadata(version: VersionInService): Refusal {
  return version.whyNot() ?? refuse('MODEL_STARTING', `${version.name} is starting`);
}

function wantsReadyOnly(body: Segments): boolean | Refusal {
  if (body.byteLength === 0) return false;
  try {
    const ready = present(parseRequestJson(body).ready) ?? false;
    if (typeof ready === 'boolean') return ready;
    return refuse('INVALID_INPUT', `Invalid value for 'ready': expected a boolean, got ${shown(ready)}`);
  } catch (caught) {
    return ServingError.from(caught).refusal;
  }
}

import { isRefusal, type Refusal, refuse } from '../base/errors.ts';
import type { ModelRegistry } from '../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import type { RequestView } from '../routing/request/request-view.ts';
import { usesVersion } from '../routing/route-plan.ts';
import type { Caller } from '../serving/admission/request-facts.ts';
import type { NoRoom } from './body-budget.ts';
import { holderOf } from './body-holder.ts';
import { type CallMetadata, fieldIn, type MetadataFields } from './call-metadata.ts';
import { callerOf } from './caller.ts';
import type { ActiveRoute } from './routes/active-route.ts';
import { enterRoute, type RouteDestination } from './routes/route-destination.ts';
import type { RouteTable } from './routes/route-table.ts';
import type { Tenants } from './tenants.ts';

export type ContentEncoding = 'identity' | 'gzip' | 'deflate';

/** What the headers of a request say: whose it is, what it calls, and what its body may be. */
export interface EnteredCall {
  /** undefined where the body names the model. */
  readonly version: VersionInService | undefined;
  /** Set for a call of a route. */
  readonly destination: RouteDestination | undefined;
  readonly encoding: ContentEncoding;
  /** The holder that its body counts for: an address, or a tenant that has sent its key. */
  readonly holder: string;
  readonly maxBodyBytes: number;
  /** Bytes of JSON before the binary tensors; undefined when the whole body is JSON. */
  readonly jsonBytes: number | undefined;
  readonly caller: Caller;
  /** How long the request may have waited before the server looked at it, in ms. */
  readonly delayMs: number;
  /** When its headers were read, where its body was read first. */
  readonly receivedAt?: number;
}

/** An admitted request: its target is known. */
export interface Admission extends EnteredCall {
  /** The version that is called; for a route, the one whose inputs the body is read for. */
  readonly version: VersionInService;
}

/** The name of a model or a route, as the client calls it. */
export interface CalledName {
  readonly model: string;
  readonly version: string | undefined;
}

/** What a call from this process says of itself. */
export interface LocalMetadata {
  readonly tenant: string | undefined;
  readonly timeoutMs: number | undefined;
  /** Header fields for the rules of routes. */
  readonly fields: MetadataFields;
}

/** Current limits of the server as a whole. */
export interface ServerLimits {
  readonly maxBodyBytes: number;
  readonly isAdmitting: () => boolean;
  readonly tenants: Tenants;
  readonly routes: RouteTable;
}

const DIGITS = /^\d{1,15}$/;

/** Decides from the headers alone whether a request is admitted, before any of its body is kept. */
export class HeaderCheck {
  readonly #registry: ModelRegistry;
  readonly #rules: ServerLimits;
  readonly #ports: { readonly table: RouteTable; readonly registry: ModelRegistry };

  constructor(registry: ModelRegistry, rules: ServerLimits) {
    this.#registry = registry;
    this.#rules = rules;
    this.#ports = { table: rules.routes, registry };
  }

  decide(metadata: CallMetadata, model: string, wantedVersion: string | undefined): Admission | Refusal {
    const caller = this.#callerOf(metadata);
    return isRefusal(caller) ? caller : this.#admit(caller, metadata, { model, version: wantedVersion });
  }

  /** The same for a call from this process, which names its tenant without a key. */
  decideLocal(
    { tenant: name, timeoutMs, fields }: LocalMetadata,
    model: string,
    wantedVersion: string | undefined,
  ): Admission | Refusal {
    if (!this.#rules.isAdmitting()) return shuttingDown();
    const tenant = this.#rules.tenants.enterNamed(name);
    if (isRefusal(tenant)) return tenant;
    const caller = { tenant, timeoutMs, isExplained: false, waitedMs: 0 };
    const metadata = { fields, remoteAddress: undefined, delayMs: 0 };
    return this.#admit(caller, metadata, { model, version: wantedVersion });
  }

  #admit(caller: Caller, metadata: CallMetadata, called: CalledName): Admission | Refusal {
    const target = this.#find(metadata.fields, caller, called);
    if (isRefusal(target)) return target;
    if ('route' in target) return this.#terms(metadata, caller, target.version, target);
    return this.#terms(metadata, caller, target, undefined);
  }

  /** Decides on a request whose body names its model, before the body is read. */
  enter(metadata: CallMetadata): EnteredCall | Refusal {
    const caller = this.#callerOf(metadata);
    return isRefusal(caller) ? caller : this.#terms(metadata, caller, undefined, undefined);
  }

  /** Decides on such a request when its body is read. `receivedAt` is when it entered. */
  admit(
    entered: EnteredCall & { readonly receivedAt: number },
    fields: MetadataFields,
    called: CalledName,
  ): Admission | Refusal {
    if (!this.#rules.isAdmitting()) return shuttingDown();
    const target = this.#find(fields, entered.caller, called);
    if (isRefusal(target)) return target;
    if ('route' in target) return { ...entered, version: target.version, destination: target };
    return { ...entered, version: target };
  }

  #callerOf({ fields }: CallMetadata): Caller | Refusal {
    return this.#rules.isAdmitting() ? callerOf(fields, this.#rules.tenants) : shuttingDown();
  }

  /** What a name stands for. A version must be ready; a route asks its targets one after the other. */
  #find(
    fields: MetadataFields,
    caller: Caller,
    called: CalledName,
  ): RouteDestination | VersionInService | Refusal {
    const route = this.#routeOf(called.model, called.version);
    if (route !== undefined) return enterRoute(route, viewOf(fields, caller, called), this.#ports);
    const version = this.#registry.find(called.model, called.version);
    return isRefusal(version) ? version : (version.whyNot() ?? version);
  }

  #terms<V extends VersionInService | undefined>(
    { fields, remoteAddress, delayMs }: CallMetadata,
    caller: Caller,
    version: V,
    destination: RouteDestination | undefined,
  ): (EnteredCall & { readonly version: V }) | Refusal {
    const encoding = (fieldIn(fields, 'content-encoding') ?? 'identity').trim().toLowerCase();
    if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'deflate') {
      return refuse(
        'ENCODING_UNSUPPORTED',
        `content-encoding '${encoding.slice(0, 40)}' is not supported, wanted gzip, deflate or identity`,
      );
    }
    const jsonBytes = jsonBytesOf(fields);
    if (typeof jsonBytes === 'object') return jsonBytes;

    const { maxBodyBytes, tenants } = this.#rules;
    const declaredBytes = Number(fields['content-length'] ?? 0);
    if (declaredBytes > maxBodyBytes) return tooLarge(maxBodyBytes, declaredBytes);
    const holder = holderOf(remoteAddress, caller.tenant, tenants);
    return { version, destination, encoding, holder, maxBodyBytes, jsonBytes, caller, delayMs };
  }

  /** Versions of a model stay callable under the name of a route, unless its rules use the version. */
  #routeOf(name: string, wantedVersion: string | undefined): ActiveRoute | undefined {
    const route = this.#rules.routes.find(name);
    if (route === undefined || wantedVersion === undefined || usesVersion(route.plan)) return route;
    return this.#registry.versionsOf(name).length > 0 ? undefined : route;
  }
}

function viewOf(fields: MetadataFields, { tenant }: Caller, { model, version }: CalledName): RequestView {
  return { name: model, fields, tenant: tenant.name, version, request: undefined };
}

function shuttingDown(): Refusal {
  return refuse('DRAINING', 'the server is shutting down');
}

/** The refusal of a body that is, or has become, larger than the maximum. */
export function tooLarge(maxBodyBytes: number, bytes: number): Refusal {
  return refuse(
    'BODY_TOO_LARGE',
    `request of ${bytes} bytes or more exceeds the maximum allowed input size of ${maxBodyBytes} bytes`,
  );
}

/** The refusal of a body for which the server, or the share of its holder, has no space. */
export function noRoom(why: NoRoom): Refusal {
  return refuse(
    'BODIES_IN_FLIGHT',
    why === 'budget'
      ? 'the server holds the maximum of request bytes (maxInFlightBytes); try again later'
      : 'the server holds the maximum of request bytes for one address or tenant (http.maxPeerShare); try again later',
  );
}

function jsonBytesOf(fields: MetadataFields): number | undefined | Refusal {
  const text = fields['inference-header-content-length'];
  if (text === undefined) return undefined;
  if (typeof text === 'string' && DIGITS.test(text)) return Number(text);
  return refuse(
    'MALFORMED',
    `inference-header-content-length is '${String(text).slice(0, 40)}', wanted the number of bytes of the JSON part`,
  );
}

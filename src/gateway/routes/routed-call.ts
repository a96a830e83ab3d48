import type { Clock } from '../../base/clock.ts';
import type { Refusal } from '../../base/errors.ts';
import type { Event } from '../../base/event.ts';
import type { Random } from '../../base/random.ts';
import type { ModelRegistry } from '../../fleet/catalog/model-registry.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import type { Caller } from '../../serving/admission/request-facts.ts';
import type { RouteDestination } from './route-destination.ts';
import type { RouteTable } from './route-table.ts';

/** Dependencies that all calls through routes share. */
export interface RoutedPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: ModelRegistry;
  readonly table: RouteTable;
  /** An attempt was refused before it became an entry of its version. */
  readonly refused: Event<{ readonly version: VersionInService | undefined; readonly refusal: Refusal }>;
}

/** A call that goes through a route. */
export interface RoutedCall {
  readonly destination: RouteDestination;
  readonly caller: Caller;
  readonly request: InferenceRequest;
  readonly receivedAt: number;
  /** Absolute, in ms. */
  readonly deadline: number;
}

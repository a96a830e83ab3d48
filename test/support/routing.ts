import type * as z from 'zod';
import { RoutesSettings } from '../../src/config/route-settings.ts';
import type { InferenceRequest } from '../../src/model/inference.ts';
import { compileRoutes } from '../../src/routing/compile-route.ts';
import type { RequestView } from '../../src/routing/request/request-view.ts';
import type { RoutePlan } from '../../src/routing/route-plan.ts';
import { encodeTextElements } from '../../src/tensor/bytes-elements.ts';
import type { Datatype } from '../../src/tensor/datatype.ts';
import { encodeElements } from '../../src/tensor/elements.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';

/** What a route knows before the body is read. */
export function viewOf(parts: Partial<RequestView> = {}): RequestView {
  return { name: 'any', fields: {}, tenant: 'default', version: undefined, request: undefined, ...parts };
}

/** The same when the body is there. */
export function viewWith(request: Partial<InferenceRequest>, parts: Partial<RequestView> = {}): RequestView {
  return viewOf({ ...parts, request: requestOf(request) });
}

function requestOf(parts: Partial<InferenceRequest>): InferenceRequest {
  return { id: '', inputs: [], parameters: {}, timeoutMs: undefined, priority: 0, ...parts };
}

export function tensorOf(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  elements: readonly unknown[],
): Tensor {
  const fail = (problem: string) => new Error(problem);
  const data =
    datatype === 'BYTES'
      ? encodeTextElements(elements, fail, 'text')
      : encodeElements(datatype, elements, fail);
  return { name, datatype, shape, data };
}

/** Routes as in the settings file. */
export type WrittenRoutes = NonNullable<z.input<typeof RoutesSettings>>;

export function routesOf(written: WrittenRoutes): ReadonlyMap<string, RoutePlan> {
  return compileRoutes(RoutesSettings.parse(written));
}

/** The first of the routes. */
export function routeOf(written: WrittenRoutes): RoutePlan {
  const [first] = routesOf(written).values();
  if (first === undefined) throw new Error('no route');
  return first;
}

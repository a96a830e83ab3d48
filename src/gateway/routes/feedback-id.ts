import type { Random } from '../../base/random.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { headerOf } from '../../routing/request/request-view.ts';
import type { CallAccount } from './call-account.ts';
import type { RouteDestination } from './route-destination.ts';
import type { RouteTable } from './route-table.ts';

/** The id is returned in a header: another one of a caller is replaced. */
const USABLE_ID = /^[\x21-\x7e]{1,128}$/;

/**
 * The id under which a value may be reported for an answer: that of the caller, else a new one; undefined where the answer
 * is not from a variant of an experiment.
 */
export function feedbackId(
  { table, random }: { readonly table: RouteTable; readonly random: Random },
  account: CallAccount,
  { destination, request }: { readonly destination: RouteDestination; readonly request: InferenceRequest },
): string | undefined {
  const { decision } = account;
  const split = decision?.split;
  const ids = split && table.splitOf(split.plan)?.experiment?.ids;
  if (split === undefined || ids === undefined) return undefined;
  // A hedge or the fallback may have answered. A variant that is a route answers by its target.
  if (decision?.leaf.kind !== 'target' || account.answeredBy !== decision.leaf.name) return undefined;
  const own = headerOf(destination.view, 'x-request-id') ?? request.id;
  const id = USABLE_ID.test(own) && !ids.has(own) ? own : newId(random);
  ids.add(id, split.variant);
  return id;
}

function newId(random: Random): string {
  return [random.uint32(), random.uint32()].map((word) => word.toString(16).padStart(8, '0')).join('');
}

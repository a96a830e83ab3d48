import { isRefusal, type Refusal, refuse } from '../base/errors.ts';
import { ANONYMOUS, type Caller } from '../serving/admission/request-facts.ts';
import { DEFAULT_TENANT } from '../work/entry.ts';
import type { MetadataFields } from './call-metadata.ts';
import type { Tenants } from './tenants.ts';

/** The caller and its options, from the headers; a refusal if they are invalid, or the tenant's quota is used up. */
export function callerOf(headers: MetadataFields, tenants: Tenants): Caller | Refusal {
  const tenant = tenants.enter(headers);
  if (isRefusal(tenant)) return tenant;
  const timeout = headers['x-request-timeout-ms'];
  const isExplained = headers['x-galley-explain'] === '1';
  if (timeout === undefined && !isExplained && tenant === DEFAULT_TENANT) return ANONYMOUS;
  const timeoutMs = timeout === undefined ? undefined : Number(timeout);
  if (timeoutMs !== undefined && !(timeoutMs > 0 && Number.isFinite(timeoutMs))) {
    return refuse(
      'INVALID_INPUT',
      `x-request-timeout-ms is '${String(timeout).slice(0, 40)}', wanted a number of milliseconds above 0`,
    );
  }
  return { tenant, timeoutMs, isExplained, waitedMs: 0 };
}

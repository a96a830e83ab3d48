import { isIPv6 } from 'node:net';
import type { Tenant } from '../work/entry.ts';
import type { Tenants } from './tenants.ts';

/** Hextets of the IPv6 prefix that a provider usually assigns to one customer. */
const IPV6_PREFIX = 4;

/** The holder that a body counts for: the tenant where a key proves it, else the address of the client. */
export function holderOf(
  remoteAddress: string | undefined,
  tenant: Tenant,
  tenants: Pick<Tenants, 'isProven'>,
): string {
  if (tenants.isProven(tenant)) return `tenant ${tenant.name}`;
  const address = remoteAddress ?? '';
  // A single client may have a whole network of IPv6 addresses.
  return address.includes(':') && isIPv6(address) && !address.includes('.') ? networkOf(address) : address;
}

function networkOf(address: string): string {
  const [front = '', back] = address.split('::');
  const first = front === '' ? [] : front.split(':');
  const last = back === undefined || back === '' ? [] : back.split(':');
  const zeros = back === undefined ? 0 : 8 - first.length - last.length;
  const whole = [...first, ...new Array<string>(Math.max(zeros, 0)).fill('0'), ...last];
  return `${whole.slice(0, IPV6_PREFIX).join(':')}::/64`;
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { type Refusal, refuse } from '../../base/errors.ts';

/** Where a call to the admin API comes from. */
export interface AdminCaller {
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

const BEARER = /^bearer +(\S+)$/i;
/** A local Host header, or the same in an Origin: a name or address, and a port. Nothing else may stand before or behind. */
const LOCAL_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;
const LOCAL_ORIGIN = /^https?:\/\/(.*)$/i;
/** What proxies add. A call that has come through one comes from elsewhere, though the proxy is on this machine. */
const FORWARDING: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-host',
  'x-original-url',
  'x-proxyuser-ip',
  'x-envoy-external-address',
  'x-envoy-internal',
  'true-client-ip',
  'client-ip',
  'cdn-loop',
  'fastly-client-ip',
  'fly-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-ray',
  'x-azure-clientip',
  'x-appengine-user-ip',
  'x-amzn-trace-id',
]);
const FORWARDING_PREFIX = 'x-forwarded';

/**
 * Where there is a token, admin calls are for whoever bears it, wherever they come from. Without one they are for this
 * machine. The address alone is not enough then: a proxy here hands on calls from anywhere, and a web page in a browser
 * here reaches 127.0.0.1 under a foreign origin, or under a foreign name that was made to point here.
 */
export function guardAdmin(caller: AdminCaller, token: string | undefined): Refusal | undefined {
  return token === undefined ? guardLocal(caller) : guardToken(caller.headers.authorization, token);
}

function guardToken(authorization: string | undefined, token: string): Refusal | undefined {
  if (authorization === undefined) {
    return refuse(
      'UNAUTHENTICATED',
      'the admin API of this server wants its token: send authorization: Bearer TOKEN',
    );
  }
  const came = BEARER.exec(authorization)?.[1];
  if (came !== undefined && isSame(came, token)) return undefined;
  return refuse('FORBIDDEN', 'the bearer token is not the one of this server');
}

function guardLocal({ remoteAddress, headers }: AdminCaller): Refusal | undefined {
  if (!isLoopback(remoteAddress ?? '')) {
    return refuse(
      'FORBIDDEN',
      `without a token (admin.tokenFile) the admin API answers this machine alone, the call came from ${remoteAddress ?? 'nowhere'}`,
    );
  }
  const forwarding = forwardingHeader(headers);
  if (forwarding !== undefined) {
    return refuse(
      'FORBIDDEN',
      `without a token (admin.tokenFile) the admin API takes no call through a proxy, got the header '${forwarding}'`,
    );
  }
  const { host, origin } = headers;
  if (!LOCAL_HOST.test(host ?? '')) {
    return refuse(
      'FORBIDDEN',
      `the admin API wants a local Host header such as 127.0.0.1, got '${String(host).slice(0, 100)}'`,
    );
  }
  if (origin !== undefined && !LOCAL_HOST.test(LOCAL_ORIGIN.exec(origin)?.[1] ?? '')) {
    return refuse('FORBIDDEN', `the admin API takes no call from a page of '${origin.slice(0, 100)}'`);
  }
  return undefined;
}

function forwardingHeader(headers: IncomingHttpHeaders): string | undefined {
  return Object.keys(headers).find((name) => FORWARDING.has(name) || name.startsWith(FORWARDING_PREFIX));
}

/** In a time that does not tell how much was right. */
function isSame(came: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(came), digest(wanted));
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { type Refusal, refuse } from '../../base/errors.ts';

/** The origin of a call to the admin API. */
export interface AdminCaller {
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

const BEARER = /^bearer +(\S+)$/i;
/** A local Host header, or the host of an Origin: a local name or address with an optional port, and nothing else. */
const LOCAL_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;
const LOCAL_ORIGIN = /^https?:\/\/(.*)$/i;
/** Headers that proxies add. A call through a proxy is not local, even if the proxy runs on this machine. */
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
 * With a token, admin calls need it, from any address. Without a token, only calls from this machine are accepted. The
 * address alone does not prove that: a local proxy forwards calls from anywhere, and a web page in a local browser
 * reaches 127.0.0.1 with a foreign origin, or by a foreign host name that resolves to it.
 */
export function guardAdmin(caller: AdminCaller, token: string | undefined): Refusal | undefined {
  return token === undefined ? guardLocal(caller) : guardToken(caller.headers.authorization, token);
}

function guardToken(authorization: string | undefined, token: string): Refusal | undefined {
  if (authorization === undefined) {
    return refuse(
      'UNAUTHENTICATED',
      'the request has no authorization header, and the admin API requires a token: send authorization: Bearer TOKEN',
    );
  }
  const received = BEARER.exec(authorization)?.[1];
  if (received !== undefined && isSame(received, token)) return undefined;
  return refuse(
    'FORBIDDEN',
    'the authorization header does not hold the token of this server: send authorization: Bearer TOKEN',
  );
}

function guardLocal({ remoteAddress, headers }: AdminCaller): Refusal | undefined {
  if (!isLoopback(remoteAddress ?? '')) {
    return refuse(
      'FORBIDDEN',
      `the call came from ${remoteAddress ?? 'an unknown address'}, but without admin.tokenFile the admin API accepts only local calls: set admin.tokenFile and send its token`,
    );
  }
  const forwarding = forwardingHeader(headers);
  if (forwarding !== undefined) {
    return refuse(
      'FORBIDDEN',
      `the call has the proxy header '${forwarding}', but without admin.tokenFile the admin API accepts only direct local calls: set admin.tokenFile and send its token`,
    );
  }
  const { host, origin } = headers;
  if (!LOCAL_HOST.test(host ?? '')) {
    return refuse(
      'FORBIDDEN',
      `the Host header is '${String(host).slice(0, 100)}', but without admin.tokenFile the admin API requires a local host such as 127.0.0.1`,
    );
  }
  if (origin !== undefined && !LOCAL_HOST.test(LOCAL_ORIGIN.exec(origin)?.[1] ?? '')) {
    return refuse(
      'FORBIDDEN',
      `the call came from a web page of '${origin.slice(0, 100)}', but without admin.tokenFile the admin API accepts only local pages`,
    );
  }
  return undefined;
}

function forwardingHeader(headers: IncomingHttpHeaders): string | undefined {
  return Object.keys(headers).find((name) => FORWARDING.has(name) || name.startsWith(FORWARDING_PREFIX));
}

/** Compares in constant time. */
function isSame(received: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(received), digest(wanted));
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

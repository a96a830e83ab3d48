import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { type Refusal, refuse } from '../base/errors.ts';

/** Where a call to the admin API comes from. */
export interface Caller {
  readonly remoteAddress: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * Admin calls are for this machine, and for whoever bears the token. The address is not enough: a web page in a browser here reaches
 * 127.0.0.1 too, under a foreign origin, or under a foreign name that was made to point here.
 */
export function guardAdmin(
  { remoteAddress, host, origin, authorization }: Caller,
  token: string | undefined,
): Refusal | undefined {
  if (token !== undefined && authorization !== undefined) {
    return isSame(authorization, `Bearer ${token}`)
      ? undefined
      : refuse('FORBIDDEN', 'the bearer token is not the one of this server');
  }
  if (!isLoopback(remoteAddress ?? '')) {
    return refuse(
      'FORBIDDEN',
      `the admin API wants a bearer token from elsewhere than this machine, the call came from ${remoteAddress ?? 'nowhere'}`,
    );
  }
  if (!isLocalName(hostnameOf(`http://${host ?? ''}`))) {
    return refuse(
      'FORBIDDEN',
      `the admin API wants a local Host header such as 127.0.0.1, got '${String(host).slice(0, 100)}'`,
    );
  }
  if (origin !== undefined && !isLocalName(hostnameOf(origin))) {
    return refuse('FORBIDDEN', `the admin API takes no call from a page of '${origin.slice(0, 100)}'`);
  }
  return undefined;
}

/** In a time that does not tell how much was right. */
function isSame(came: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(came), digest(wanted));
}

function hostnameOf(url: string): string {
  try {
    return new URL(url).hostname.replace(/^\[|\]$/g, '');
  } catch {
    return '';
  }
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || isLoopback(name);
}

function isLoopback(address: string): boolean {
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return isIP(plain) === 4 ? plain.startsWith('127.') : plain === '::1';
}

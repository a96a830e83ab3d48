import { isIP } from 'node:net';
import { type Refusal, refuse } from '../base/errors.ts';

/** Where a call to the admin API comes from. */
export interface Caller {
  readonly remoteAddress: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/**
 * Admin calls are for this machine alone. The address is not enough: a web page in a browser here reaches
 * 127.0.0.1 too, under a foreign origin, or under a foreign name that was made to point here.
 */
export function guardAdmin({ remoteAddress, host, origin }: Caller): Refusal | undefined {
  if (!isLoopback(remoteAddress ?? '')) {
    return refuse(
      'FORBIDDEN',
      `the admin API answers this machine only, the call came from ${remoteAddress ?? 'nowhere'}`,
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

import type { IncomingMessage } from 'node:http';
import { type Refusal, refuse } from '../../base/errors.ts';

/** The absolute form, `http://host:port/path`, which clients send to a proxy. */
const ABSOLUTE = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)/i;

/**
 * Normalizes the target of a request to a path. The host of an absolute URL replaces the Host header, as RFC 9112
 * requires. Two Host headers are refused, because different readers would use different ones.
 */
export function normalizeTarget(req: IncomingMessage): Refusal | undefined {
  if (countHosts(req.rawHeaders) > 1) {
    return refuse('MALFORMED', 'the request has two Host headers, wanted one');
  }
  const url = req.url ?? '/';
  if (url.startsWith('/')) return undefined;
  const [prefix, host] = ABSOLUTE.exec(url) ?? [];
  if (prefix === undefined || host === undefined) return undefined;
  const path = url.slice(prefix.length);
  req.url = path.startsWith('/') ? path : `/${path}`;
  req.headers.host = host;
  return undefined;
}

/** Names and values alternate in `rawHeaders`. Node's parsed headers keep only the first Host. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

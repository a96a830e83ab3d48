import type { IncomingMessage } from 'node:http';
import { type Refusal, refuse } from '../../base/errors.ts';

/** `http://host:port/path`, as clients write it that take this server for a proxy. */
const ABSOLUTE = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)/i;

/**
 * Brings the target of a request into the one form that is routed: a path. The host that an absolute URL names takes the
 * place of the Host header, as RFC 9112 wants it. Two Host headers are refused: each reader would believe another one.
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

/** Names and values take turns. Node itself keeps the first Host and passes over the second. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

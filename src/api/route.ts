import { versionNamed } from '../model/model-version.ts';

/** What a path asks for. */
export type Route =
  | {
      readonly kind: 'infer' | 'predict' | 'model metadata' | 'model ready';
      readonly model: string;
      readonly version: string | undefined;
    }
  | { readonly kind: 'server metadata' | 'model list' }
  | { readonly kind: 'protocol health' | 'health'; readonly check: string }
  | { readonly kind: 'bad version'; readonly version: string }
  | { readonly kind: 'bad path' }
  | { readonly kind: 'other' };

const OTHER: Route = { kind: 'other' };
const CHECKS = ['live', 'ready', 'startup'];

/** The only method a route answers to; undefined where the path itself is wrong, or is not ours to judge. */
export function methodOf({ kind }: Route): 'GET' | 'POST' | undefined {
  if (kind === 'other' || kind === 'bad path' || kind === 'bad version') return undefined;
  return kind === 'infer' || kind === 'predict' ? 'POST' : 'GET';
}

/** Reads a URL's path; a query is ignored, each segment decoded once, a slash at the end makes no difference. */
export function parseRoute(url: string): Route {
  const query = url.indexOf('?');
  const path = segmentsOf(query === -1 ? url : url.slice(0, query));
  if (path === undefined) return { kind: 'bad path' };
  const [root, second, third] = path;
  if (root === 'v2') {
    if (second === undefined) return { kind: 'server metadata' };
    if (second === 'models') return modelRoute(path);
    if (second === 'health' && path.length === 3 && (third === 'live' || third === 'ready')) {
      return { kind: 'protocol health', check: third };
    }
  } else if (root === 'v1' && second === 'models') {
    return third === undefined ? { kind: 'model list' } : predictRoute(path);
  } else if (root === 'health' && path.length === 2 && CHECKS.includes(second ?? '')) {
    return { kind: 'health', check: second ?? '' };
  }
  return OTHER;
}

/** `/v2/models/{model}[/versions/{version}][/ready|/infer]` */
function modelRoute(path: readonly string[]): Route {
  const model = path[2];
  if (model === undefined || model === '') return OTHER;
  const hasVersion = path[3] === 'versions';
  const version = hasVersion ? versionNamed(path[4] ?? '') : undefined;
  if (hasVersion && version === undefined) return { kind: 'bad version', version: path[4] ?? '' };
  const rest = path.slice(hasVersion ? 5 : 3);
  if (rest.length === 0) return { kind: 'model metadata', model, version };
  if (rest.length > 1) return OTHER;
  if (rest[0] === 'infer') return { kind: 'infer', model, version };
  return rest[0] === 'ready' ? { kind: 'model ready', model, version } : OTHER;
}

/** `/v1/models/{model}:predict` and `/v1/models/{model}/versions/{version}:predict` */
function predictRoute(path: readonly string[]): Route {
  const last = path.at(-1) ?? '';
  if (!last.endsWith(':predict')) return OTHER;
  const name = last.slice(0, -':predict'.length);
  if (path.length === 3) return { kind: 'predict', model: name, version: undefined };
  const model = path[2];
  if (path.length !== 5 || path[3] !== 'versions' || model === undefined) return OTHER;
  const version = versionNamed(name);
  return version === undefined ? { kind: 'bad version', version: name } : { kind: 'predict', model, version };
}

function segmentsOf(path: string): string[] | undefined {
  const segments = path.split('/');
  segments.shift();
  if (segments.at(-1) === '') segments.pop();
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

import { versionNamed } from '../../model/model-version.ts';
import { type ExtensionRoute, extensionRoute, modelExtension } from './extension-route.ts';

/** The route of a path. */
export type Route =
  | ModelRoute
  | InferenceRoute
  | ExtensionRoute
  | { readonly kind: 'embeddings' | 'server metadata' | 'model list' | 'alive' | 'all statistics' }
  | { readonly kind: 'protocol health' | 'health'; readonly check: string }
  | { readonly kind: 'bad version'; readonly version: string }
  | { readonly kind: 'bad path' }
  | { readonly kind: 'other' };

/** A route to a model or to one of its versions. */
interface ModelRoute {
  readonly kind: 'simple ready' | ReadKind;
  readonly model: string;
  readonly version: string | undefined;
}

/** A route of inference requests. */
export interface InferenceRoute {
  readonly kind: 'infer' | 'predict' | 'generate' | 'generate stream';
  readonly model: string;
  readonly version: string | undefined;
}

type ReadKind = 'model metadata' | 'model ready' | 'model configuration' | 'model statistics';

const OTHER: Route = { kind: 'other' };
const CHECKS = ['live', 'ready', 'startup'];
/** Routes by the segment after the model. */
const READS: Readonly<Record<string, ReadKind>> = {
  ready: 'model ready',
  config: 'model configuration',
  stats: 'model statistics',
};
const POSTS: readonly Route['kind'][] = [
  'infer',
  'predict',
  'generate',
  'generate stream',
  'embeddings',
  'repository index',
  'repository control',
  'forget regions',
];
/** Inference by the segment after the model. */
const INFERENCES: Readonly<Record<string, InferenceRoute['kind']>> = {
  infer: 'infer',
  generate: 'generate',
  generate_stream: 'generate stream',
};
const ANY_METHOD: readonly Route['kind'][] = ['other', 'bad path', 'bad version', 'not offered'];

/** The only method of a route; undefined when the path is invalid or belongs to another handler. */
export function methodOf({ kind }: Route): 'GET' | 'POST' | undefined {
  if (ANY_METHOD.includes(kind)) return undefined;
  return POSTS.includes(kind) ? 'POST' : 'GET';
}

/** Parses the path of a URL: ignores the query and a trailing slash, decodes each segment once. */
export function parseRoute(url: string): Route {
  const query = url.indexOf('?');
  const path = segmentsOf(query === -1 ? url : url.slice(0, query));
  if (path === undefined) return { kind: 'bad path' };
  const [root, second, third] = path;
  if (root === undefined) return { kind: 'alive' };
  if (root === 'v2') {
    if (second === undefined) return { kind: 'server metadata' };
    if (second === 'models') return modelRoute(path);
    if (second === 'health' && path.length === 3 && (third === 'live' || third === 'ready')) {
      return { kind: 'protocol health', check: third };
    }
    return extensionRoute(path) ?? OTHER;
  }
  if (root === 'v1' && second === 'models') {
    return third === undefined ? { kind: 'model list' } : simpleRoute(path);
  }
  if (root === 'v1' && second === 'embeddings' && third === undefined) return { kind: 'embeddings' };
  if (root === 'health' && path.length === 2 && CHECKS.includes(second ?? '')) {
    return { kind: 'health', check: second ?? '' };
  }
  return OTHER;
}

/** `/v2/models/{model}[/versions/{version}|/labels/{label}][/…]`; `/v2/models/stats` alone is the statistics of all models. */
function modelRoute(path: readonly string[]): Route {
  const model = path[2];
  if (model === undefined || model === '') return OTHER;
  if (model === 'stats' && path.length === 3) return { kind: 'all statistics' };
  const hasVersion = path[3] === 'versions' || path[3] === 'labels';
  const version = hasVersion ? versionIn(path) : undefined;
  if (hasVersion && version === undefined) return { kind: 'bad version', version: path[4] ?? '' };
  const rest = path.slice(hasVersion ? 5 : 3);
  const [verb] = rest;
  if (verb === undefined) return { kind: 'model metadata', model, version };
  if (rest.length > 1) return modelExtension(rest) ?? OTHER;
  const inference = Object.hasOwn(INFERENCES, verb) ? INFERENCES[verb] : undefined;
  if (inference !== undefined) return { kind: inference, model, version };
  const kind = Object.hasOwn(READS, verb) ? READS[verb] : undefined;
  return kind === undefined ? (modelExtension(rest) ?? OTHER) : { kind, model, version };
}

/** The number of a version, or a label, which the server resolves. */
function versionIn([, , , how, text = '']: readonly string[]): string | undefined {
  if (how === 'versions') return versionNamed(text);
  return text === '' ? undefined : text;
}

/** `/v1/models/{model}[/versions/{version}|/labels/{label}][:predict]` */
function simpleRoute(path: readonly string[]): Route {
  const isVersioned = path.length === 5 && (path[3] === 'versions' || path[3] === 'labels');
  if (path.length !== 3 && !isVersioned) return OTHER;
  const last = path.at(-1) ?? '';
  const isPredict = last.endsWith(':predict');
  const name = isPredict ? last.slice(0, -':predict'.length) : last;
  const kind = isPredict ? 'predict' : 'simple ready';
  if (!isVersioned) return { kind, model: name, version: undefined };
  const version = versionIn([...path.slice(0, 4), name]);
  if (version === undefined) return { kind: 'bad version', version: name };
  return { kind, model: path[2] ?? '', version };
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

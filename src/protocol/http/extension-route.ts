/** A route of Triton's protocol extensions. */
export type ExtensionRoute =
  | { readonly kind: 'repository index' | 'regions' | 'forget regions' }
  | { readonly kind: 'repository control'; readonly verb: 'load' | 'unload'; readonly model: string }
  | { readonly kind: 'not offered'; readonly message: string };

/** Unsupported extensions of a model path, and the alternative to each. */
const MODEL_EXTENSIONS: Readonly<Record<string, string>> = {
  infer_stream: 'send POST /v2/models/{model}/generate_stream',
  'trace/setting': 'use GET /admin/decisions to see what happened to requests',
};
const SHARED_MEMORY = ['systemsharedmemory', 'cudasharedmemory'];

/** The extension after a model's path, such as `generate` or `trace/setting`; undefined for an unknown one. */
export function modelExtension(rest: readonly string[]): ExtensionRoute | undefined {
  const name = rest.join('/');
  if (!Object.hasOwn(MODEL_EXTENSIONS, name)) return undefined;
  return notOffered(`'${name}'`, MODEL_EXTENSIONS[name] as string);
}

/** The extension after `/v2`; undefined for an unknown one. */
export function extensionRoute([, extension = '', ...rest]: readonly string[]): ExtensionRoute | undefined {
  if (extension === 'repository') return repositoryRoute(rest);
  if (SHARED_MEMORY.includes(extension)) return sharedMemoryRoute(extension, rest);
  const isWhole = rest.length === 0;
  if (extension === 'logging' && isWhole) return notOffered("'logging'", 'set log.level in galley.yaml');
  if (extension === 'trace' && rest.join() === 'setting') return modelExtension(['trace', 'setting']);
  return undefined;
}

/** `/v2/repository[/{repository}]/index` and `/v2/repository[/{repository}]/models/{model}/load|unload` */
function repositoryRoute(rest: readonly string[]): ExtensionRoute | undefined {
  const verb = rest.at(-1);
  const isControl = rest.at(-3) === 'models' && (verb === 'load' || verb === 'unload');
  const named = rest.length - (isControl ? 3 : 1);
  if ((verb !== 'index' && !isControl) || named < 0 || named > 1) return undefined;
  if (named === 1)
    return notOffered(
      `repository '${rest[0]?.slice(0, 100)}'`,
      'omit its name, because there is only one repository',
    );
  if (!isControl) return { kind: 'repository index' };
  return { kind: 'repository control', verb, model: rest.at(-2) ?? '' };
}

/** No region is ever registered: the status is empty, and unregistering succeeds. */
function sharedMemoryRoute(extension: string, rest: readonly string[]): ExtensionRoute | undefined {
  const [verb, ...more] = rest[0] === 'region' ? rest.slice(2) : rest;
  if (more.length > 0) return undefined;
  if (verb === 'status') return { kind: 'regions' };
  if (verb === 'unregister') return { kind: 'forget regions' };
  return verb === 'register' ? notOffered(`'${extension}'`, 'send tensors as binary data') : undefined;
}

function notOffered(what: string, instead: string): ExtensionRoute {
  return { kind: 'not offered', message: `${what} is not offered here; ${instead}` };
}

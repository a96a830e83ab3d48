import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isTypeScript, typeScriptFor } from '../../model/module-source.ts';
import { javaScriptOf } from './javascript-of.ts';

type Resolved = { readonly url: string; readonly shortCircuit?: boolean };
type Loaded = { readonly format: string; readonly source: string; readonly shortCircuit: true };

/** Resolves `import './x.js'` to `x.ts` where only that exists, as TypeScript does. */
export async function resolve(
  specifier: string,
  context: object,
  nextResolve: (specifier: string, context: object) => Promise<Resolved>,
): Promise<Resolved> {
  try {
    return await nextResolve(specifier, context);
  } catch (caught) {
    const source = /^\.{0,2}\/|^file:/.test(specifier) ? typeScriptFor(specifier) : undefined;
    if (source === undefined) throw caught;
    // The error about the name that the file uses says more.
    return nextResolve(source, context).catch(() => Promise.reject(caught));
  }
}

/** Loads a TypeScript file as an ES module. */
export async function load(
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'file:' || !isTypeScript(pathname)) return nextLoad(url, context);
  const file = fileURLToPath(url);
  const source = await javaScriptOf(file, await readFile(file, 'utf8'));
  return { format: 'module', source, shortCircuit: true };
}

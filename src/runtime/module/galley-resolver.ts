type Resolved = { readonly url: string; readonly shortCircuit?: boolean };
type NextResolve = (specifier: string, context: object) => Promise<Resolved>;

const DEFINE_MODEL = new URL('../../model/define-model.js', import.meta.url).href;

/**
 * Resolves `import { defineModel } from 'galley'` and `from 'galley/…'` in a model file to the replica's own package when
 * no package of that name is installed next to the file.
 */
export async function resolve(
  specifier: string,
  context: object,
  nextResolve: NextResolve,
): Promise<Resolved> {
  try {
    return await nextResolve(specifier, context);
  } catch (caught) {
    // Not the whole library, which contains the server.
    if (specifier === 'galley') return { url: DEFINE_MODEL, shortCircuit: true };
    if (!specifier.startsWith('galley/')) throw caught;
    return nextResolve(specifier, { ...context, parentURL: import.meta.url });
  }
}

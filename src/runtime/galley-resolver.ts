type Resolved = { readonly url: string; readonly shortCircuit?: boolean };
type NextResolve = (specifier: string, context: unknown) => Promise<Resolved>;

const DEFINE_MODEL = new URL('../model/define-model.js', import.meta.url).href;

/**
 * Resolves `import { defineModel } from 'galley'` in a model file to the replica's own package when no package of
 * that name is installed next to the file.
 */
export async function resolve(
  specifier: string,
  context: unknown,
  nextResolve: NextResolve,
): Promise<Resolved> {
  try {
    return await nextResolve(specifier, context);
  } catch (caught) {
    if (specifier !== 'galley') throw caught;
    return { url: DEFINE_MODEL, shortCircuit: true };
  }
}

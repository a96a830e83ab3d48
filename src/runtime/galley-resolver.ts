type Resolved = { readonly url: string; readonly shortCircuit?: boolean };
type NextResolve = (specifier: string, context: unknown) => Promise<Resolved>;

const DEFINE_MODEL = new URL('../model/define-model.js', import.meta.url).href;

/**
 * Lets a model file say `import { defineModel } from 'galley'` wherever it lies: where no package of that name is
 * installed beside it, the replica's own is meant.
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

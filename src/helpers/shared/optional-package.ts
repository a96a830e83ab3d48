import { messageOf, OperatorError } from '../../base/errors.ts';

/** Imports a package that Galley does not bring along. If it is missing, the error says how to install it. */
export async function importOptional<Module>(
  helper: string,
  { name, range }: { readonly name: string; readonly range: string },
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load();
  } catch (caught) {
    const isMissing = (caught as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    const problem = isMissing ? 'which is not installed' : `which cannot be loaded (${messageOf(caught)})`;
    throw new OperatorError(
      `${helper} needs the package ${name}, ${problem}: install it beside galley with: npm install ${name}@${range}`,
      { cause: caught },
    );
  }
}

import { extname } from 'node:path';

/** Extensions of a module model, in the order in which a folder is searched for one. */
export const MODULE_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'] as const;

/** Whether a file is written in TypeScript. */
export function isTypeScript(file: string): boolean {
  return /\.m?ts$/.test(file);
}

/**
 * The TypeScript file that an import of a JavaScript file stands for when there is no such file: TypeScript lets an
 * import name the file that a compiler would write. undefined for any other import.
 */
export function typeScriptFor(specifier: string): string | undefined {
  return /\.m?js$/.test(extname(specifier)) ? specifier.replace(/js$/, 'ts') : undefined;
}

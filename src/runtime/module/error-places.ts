import { dirname, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../base/errors.ts';

/** A mistake that Node's message does not explain, and what to do about it. */
const FIXES = [
  {
    of: /Cannot use import statement|Unexpected token 'export'/,
    fix: 'rename the file to model.mjs or model.ts, or set "type": "module" in the nearest package.json',
  },
  { of: /does not provide an export named/, fix: "if it is a type, write 'import type'" },
] as const;

/** Finds the place of an error in a module model's own files. */
export class ErrorPlaces {
  readonly #file: string;
  /** Names of the model's files as stacks show them. */
  readonly #names: readonly { readonly inStack: string; readonly name: string }[];

  /** `files` are the files of the model, `file` its own one. */
  constructor(file: string, files: readonly string[]) {
    this.#file = file;
    this.#names = files.flatMap((each) => {
      const name = relative(dirname(file), each);
      // Not the whole path, because the folder may be reached through symbolic links.
      const depth = name.startsWith('..') ? 1 : name.split('/').length;
      const shown = [each, pathToFileURL(each).href];
      return shown.map((path) => ({ inStack: `/${path.split('/').slice(-depth).join('/')}:`, name }));
    });
  }

  /** The same error with the file and line where it was thrown, of those that are the model's own. */
  located(caught: unknown): Error {
    const message = messageOf(caught);
    const stack = caught instanceof Error ? (caught.stack ?? '') : '';
    const place = message.includes(this.#file) ? '' : this.#placeIn(stack);
    const fix = FIXES.find(({ of }) => of.test(message))?.fix;
    return new Error(`${message}${place}${fix === undefined ? '' : `; ${fix}`}`, { cause: caught });
  }

  #placeIn(stack: string): string {
    let first = { at: Number.POSITIVE_INFINITY, text: '' };
    for (const { inStack, name } of this.#names) {
      const found = lineIn(stack, inStack);
      if (found !== undefined && found.at < first.at) {
        first = { at: found.at, text: ` (${name}, line ${found.line})` };
      }
    }
    return first.text;
  }
}

/** The first line number after a mention of a file. No regular expression, because a file name may contain anything. */
function lineIn(stack: string, place: string): { readonly at: number; readonly line: string } | undefined {
  for (let at = stack.indexOf(place); at !== -1; at = stack.indexOf(place, at + 1)) {
    const line = /^\d+/.exec(stack.slice(at + place.length))?.[0];
    if (line !== undefined) return { at, line };
  }
  return undefined;
}

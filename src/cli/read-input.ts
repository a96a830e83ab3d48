import { readFileSync } from 'node:fs';
import { messageOf, OperatorError } from '../base/errors.ts';

const STDIN_FD = 0;

/** Reads the file of `--input`; - is stdin. */
export function readInput(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? STDIN_FD : file);
  } catch (caught) {
    throw new OperatorError(`cannot read ${file}: ${messageOf(caught)}`);
  }
}

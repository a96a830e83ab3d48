import { createHash } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperatorError } from '../base/errors.ts';
import { externalPaths } from './external-data.ts';
import { readOnnxFile } from './onnx-file.ts';

/** Larger models are identified by size, modification time and inode, because reading them would delay the start. */
export const MOST_HASHED_BYTES = 16 * 1024 * 1024;

/** A relative import of a module, without the query. */
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"?#]+)/g;

/**
 * The files of a model: its own, the external weight files of an ONNX file, and the files that a module imports. Data
 * that a module reads itself is unknown: it may write files beside it too. Throws when a weight file lies outside the
 * folder of the model.
 */
export function filesOf(runtime: 'onnx' | 'module', file: string): string[] {
  if (runtime === 'module') return importedFrom(file);
  return [file, ...externalPaths(file, readOnnxFile(file)?.externalFiles ?? [])];
}

function importedFrom(file: string): string[] {
  const files = new Set([file]);
  for (const each of files) {
    for (const [, path = ''] of readFileSync(each, 'utf8').matchAll(RELATIVE_IMPORT)) {
      const imported = join(dirname(each), path);
      // An import in a comment may be of a file that does not exist.
      if (statSync(imported, { throwIfNoEntry: false })?.isFile() === true) files.add(imported);
    }
  }
  return [...files];
}

/**
 * An identifier of the contents of a model's files. Equal identifiers mean the same model; replacing a file by a copy of
 * the same bytes does not change it. Throws when a file cannot be read.
 */
export function artefactOf(runtime: 'onnx' | 'module', file: string): string {
  const files = filesOf(runtime, file);
  const facts = files.map(factsOf);
  const totalBytes = facts.reduce((sum, { size }) => sum + size, 0);
  if (totalBytes > MOST_HASHED_BYTES) {
    return facts.map(({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`).join(', ');
  }
  const hash = createHash('sha256');
  for (const each of files) hash.update(readFileSync(each));
  return hash.digest('hex');
}

/** Reading a pipe could block for ever. */
function factsOf(file: string): Stats {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (facts?.isFile() === true) return facts;
  throw new OperatorError(`${file} ${facts === undefined ? 'does not exist' : 'is not a file'}`);
}

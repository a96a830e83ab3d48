import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OperatorError } from '../base/errors.ts';
import { externalPaths } from './external-data.ts';
import { typeScriptFor } from './module-source.ts';
import { readOnnxFile } from './onnx-file.ts';
import type { RuntimeKind } from './version-file.ts';

/** Larger models are identified by size, modification time and inode, because reading them would delay the start. */
export const MOST_HASHED_BYTES = 16 * 1024 * 1024;

/** A relative import of a module, without the query. */
const RELATIVE_IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"?#]+)/g;

/** The files that make up a model of the Hugging Face hub, among all that its folder contains. */
const HUB_FILE = /\.json$|\.onnx|^onnx\/./;

/**
 * The files of a model: its own, the external weight files of an ONNX file, the files that a module imports, and those
 * beside the `config.json` of a hub model. Data that a module reads itself is unknown: it may write files beside it too.
 * Throws when a weight file lies outside the folder of the model.
 */
export function filesOf(runtime: RuntimeKind, file: string): string[] {
  if (runtime === 'module') return importedFrom(file);
  if (runtime === 'transformers') return hubFiles(dirname(file));
  return [file, ...externalPaths(file, readOnnxFile(file)?.externalFiles ?? [])];
}

function importedFrom(file: string): string[] {
  const files = new Set([file]);
  for (const each of files) {
    for (const [, path = ''] of readFileSync(each, 'utf8').matchAll(RELATIVE_IMPORT)) {
      const imported = existing(join(dirname(each), path));
      if (imported !== undefined) files.add(imported);
    }
  }
  return [...files];
}

function hubFiles(folder: string): string[] {
  const inside = (name: string) => readdirSync(join(folder, name)).map((entry) => join(name, entry));
  const names = inside('.').flatMap((name) => (name === 'onnx' ? inside(name) : [name]));
  const files = names.filter((name) => HUB_FILE.test(name)).map((name) => join(folder, name));
  return files.filter((file) => statSync(file).isFile()).sort();
}

/** The file that an import finds; an import in a comment may find none. */
function existing(path: string): string | undefined {
  return [path, typeScriptFor(path)].find(
    (each) => each !== undefined && statSync(each, { throwIfNoEntry: false })?.isFile() === true,
  );
}

/**
 * An identifier of the contents of a model's files. Equal identifiers mean the same model; replacing a file by a copy of
 * the same bytes does not change it. Throws when a file cannot be read.
 */
export function artefactOf(runtime: RuntimeKind, file: string): string {
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

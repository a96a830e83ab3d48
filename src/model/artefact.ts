import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOnnxFile } from './onnx-file.ts';

/** Larger models are identified by size, modification time and inode, because reading them would delay the start. */
export const MOST_HASHED_BYTES = 16 * 1024 * 1024;

/** The files of a model: its own, and the external weight files of an ONNX file. */
export function filesOf(runtime: 'onnx' | 'module', file: string): string[] {
  const beside = runtime === 'onnx' ? (readOnnxFile(file)?.externalFiles ?? []) : [];
  return [file, ...beside.map((location) => join(dirname(file), location))];
}

/**
 * An identifier of the contents of a model's files. Equal identifiers mean the same model; replacing a file by a copy of
 * the same bytes does not change it. Throws when a file cannot be read.
 */
export function artefactOf(runtime: 'onnx' | 'module', file: string): string {
  const files = filesOf(runtime, file);
  const facts = files.map((each) => statSync(each));
  const totalBytes = facts.reduce((sum, { size }) => sum + size, 0);
  if (totalBytes > MOST_HASHED_BYTES) {
    return facts.map(({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`).join(', ');
  }
  const hash = createHash('sha256');
  for (const each of files) hash.update(readFileSync(each));
  return hash.digest('hex');
}

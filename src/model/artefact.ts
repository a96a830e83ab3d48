import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOnnxFile } from './onnx-file.ts';

/** Above this reading everything would hold up a start: then size, time and inode stand for the contents. */
export const MOST_HASHED_BYTES = 16 * 1024 * 1024;

/** The files a model consists of: its own, and those beside an ONNX file that hold weights. */
export function filesOf(runtime: 'onnx' | 'module', file: string): string[] {
  const beside = runtime === 'onnx' ? (readOnnxFile(file)?.externalFiles ?? []) : [];
  return [file, ...beside.map((location) => join(dirname(file), location))];
}

/**
 * A text that stands for the contents of a model's files. The same text means the same model; a copy of the same bytes in
 * its place is the same. Throws when a file cannot be read.
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

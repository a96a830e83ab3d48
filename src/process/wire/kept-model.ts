import { webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { filesOf, MOST_HASHED_BYTES } from '../../model/artefact.ts';
import type { KeptFiles } from './compute-messages.ts';

/** A model as it was first loaded. `bytes` holds the contents of the kept files, one after the other. */
export interface KeptModel extends KeptFiles {
  readonly bytes: Uint8Array;
}

/**
 * Reads a model's files, so that replicas that start after the files were replaced load the same model. Returns
 * undefined when the model is too large to keep or has already changed.
 */
export async function keepModel(file: string, artefact: string): Promise<KeptModel | undefined> {
  const directory = dirname(file);
  const paths = filesOf('onnx', file).map((path) => relative(directory, path));
  if (paths.some((path) => path.startsWith('..'))) return undefined;
  const files: { path: string; byteLength: number }[] = [];
  const contents: Uint8Array[] = [];
  let total = 0;
  for (const path of paths) {
    total += (await stat(join(directory, path))).size;
    if (total > MOST_HASHED_BYTES) return undefined;
    const content = await readFile(join(directory, path));
    files.push({ path, byteLength: content.byteLength });
    contents.push(content);
  }
  const bytes = Buffer.concat(contents);
  // Hashed off this thread, which serves requests.
  const digest = await webcrypto.subtle.digest('SHA-256', bytes);
  return Buffer.from(digest).toString('hex') === artefact ? { artefact, files, bytes } : undefined;
}

/** Writes kept files to disk for the runtime. Remove them once it has opened them. */
export function unpackModel({ files, bytes }: KeptModel): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'galley-model-'));
  let start = 0;
  for (const { path, byteLength } of files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes.subarray(start, start + byteLength));
    start += byteLength;
  }
  return {
    file: join(folder, files[0]?.path ?? ''),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

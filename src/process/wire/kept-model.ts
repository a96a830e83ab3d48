import { webcrypto } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { filesOf, MOST_HASHED_BYTES } from '../../model/artefact.ts';
import type { KeptFiles } from './compute-messages.ts';

/** A model as it was when it was first loaded: what the kept files hold, one after the other. */
export interface KeptModel extends KeptFiles {
  readonly bytes: Uint8Array;
}

/**
 * Reads a model's files for the case that they are replaced while it is served: replicas that start later are to load
 * the same model. undefined where it is too large to be kept, or is another one by now.
 */
export async function keepModel(file: string, artefact: string): Promise<KeptModel | undefined> {
  const directory = dirname(file);
  const paths = filesOf('onnx', file).map((path) => relative(directory, path));
  if (paths.some((path) => path.startsWith('..'))) return undefined;
  const files: { path: string; byteLength: number }[] = [];
  const contents: Uint8Array[] = [];
  let total = 0;
  for (const path of paths) {
    const content = await readFile(join(directory, path));
    total += content.byteLength;
    if (total > MOST_HASHED_BYTES) return undefined;
    files.push({ path, byteLength: content.byteLength });
    contents.push(content);
  }
  const bytes = Buffer.concat(contents);
  // Not in this thread: it has requests to serve.
  const digest = await webcrypto.subtle.digest('SHA-256', bytes);
  return Buffer.from(digest).toString('hex') === artefact ? { artefact, files, bytes } : undefined;
}

/** Writes kept files where the runtime can open them. To be removed once it has. */
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

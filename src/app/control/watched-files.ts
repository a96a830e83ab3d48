import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** What is watched: the folder of models, and files and folders outside of it. */
export interface WatchedPlaces {
  /** Each entry of this folder is watched under the name of its model. */
  readonly repository: string | undefined;
  /** More paths, under the names of their models; the settings file has an empty name. */
  readonly others: readonly { readonly model: string; readonly path: string }[];
}

/** The files at one moment. */
export interface FilesSeen {
  /** By model: what changes whenever a file of the model does. */
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly folders: readonly string[];
  /** Whether there are more files than are looked at. */
  readonly isCut: boolean;
}

/** A model has folders of versions, which may have folders of data. */
const DEEPEST = 5;

/** Looks at all files, without reading them. Links are followed: a link that is switched changes what is seen. */
export async function lookAtFiles(
  { repository, others }: WatchedPlaces,
  maxFiles: number,
): Promise<FilesSeen> {
  const walk = new Walk(maxFiles);
  // The settings come first: they are watched also where there are more files than are looked at.
  for (const { model, path } of others) await walk.visit(model, path, 1);
  if (repository !== undefined) {
    const names = await walk.names(repository);
    for (const name of names) {
      if (/^[._]/.test(name) || name === 'node_modules') continue;
      await walk.visit(basename(name, '.onnx'), join(repository, name), 1);
    }
    // A folder that cannot be read is not one whose models have gone.
    walk.note('', `${repository} ${names.length > 0}`);
  }
  return walk.seen();
}

class Walk {
  readonly #maxFiles: number;
  readonly #notes = new Map<string, string[]>();
  readonly #folders: string[] = [];
  #count = 0;

  constructor(maxFiles: number) {
    this.#maxFiles = maxFiles;
  }

  async names(folder: string): Promise<string[]> {
    this.#folders.push(folder);
    return (await readdir(folder).catch(() => [])).sort();
  }

  async visit(model: string, path: string, depth: number): Promise<void> {
    if (this.#count >= this.#maxFiles) return;
    this.#count += 1;
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return;
    this.note(model, `${path} ${identity(found)}`);
    if (!found.isDirectory() || depth >= DEEPEST) return;
    for (const name of await this.names(path)) {
      if (name !== 'node_modules') await this.visit(model, join(path, name), depth + 1);
    }
  }

  note(model: string, text: string): void {
    const notes = this.#notes.get(model) ?? [];
    notes.push(text);
    this.#notes.set(model, notes);
  }

  seen(): FilesSeen {
    const entries = [...this.#notes].map(([model, notes]) => [model, notes.join('\n')] as const);
    return {
      fingerprints: new Map(entries),
      folders: this.#folders,
      isCut: this.#count >= this.#maxFiles,
    };
  }
}

/** The time of a folder does not count: its entries are looked at. */
function identity(found: Stats): string {
  return found.isDirectory() ? String(found.ino) : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

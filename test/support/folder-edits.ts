import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { factorModel, placeVersion } from './factor-model.ts';

/** Versions that edits use. */
const HIGHEST = 6;
const version = fc.integer({ min: 1, max: HIGHEST });

/** An edit of the folder of a model, as operators and their tools make them. */
export type FolderEdit =
  | { readonly kind: 'place' | 'pieces' | 'replace' | 'cut' | 'garbage' | 'delete'; readonly version: number }
  | { readonly kind: 'rename'; readonly version: number; readonly to: number };

export const folderEdit: fc.Arbitrary<FolderEdit> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('place', 'pieces', 'replace', 'cut', 'garbage', 'delete'),
    version,
  }),
  fc.record({ kind: fc.constant('rename' as const), version, to: version }),
);

/** What a folder says should be served. */
export interface Wanted {
  readonly version: string;
  /** undefined where the file of the version is no complete model. */
  readonly factor: number | undefined;
}

/** Edits a folder, and knows which complete models it has held. */
export class EditedFolder {
  /** The factors of all models that were complete at some time. */
  readonly complete = new Set<number>();
  readonly #folder: string;
  readonly #factors = new Map<number, number>();
  #factor = 1;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `pause` is awaited between the pieces of a file. */
  async edit(edit: FolderEdit, pause: () => Promise<void>): Promise<void> {
    const { kind, version } = edit;
    const folder = join(this.#folder, String(version));
    const file = join(folder, 'model.onnx');
    if (kind === 'place') return this.place(version);
    if (kind === 'pieces') {
      const bytes = factorModel(++this.#factor);
      this.#factors.delete(version);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      const piece = Math.ceil(bytes.byteLength / 3);
      for (let from = 0; from < bytes.byteLength; from += piece) {
        // The model is complete with its last piece.
        if (from + piece >= bytes.byteLength) this.#isComplete(version);
        appendFileSync(file, bytes.subarray(from, from + piece));
        await pause();
      }
      return;
    }
    if (!existsSync(folder)) return;
    if (kind === 'delete') {
      this.#factors.delete(version);
      rmSync(folder, { recursive: true });
    } else if (kind === 'rename') {
      this.#rename(version, edit.to);
    } else if (kind === 'replace') {
      const bytes = factorModel(++this.#factor);
      this.#isComplete(version);
      writeFileSync(`${file}.new`, bytes);
      renameSync(`${file}.new`, file);
    } else {
      this.#factors.delete(version);
      const bytes = factorModel(99_999);
      writeFileSync(file, kind === 'cut' ? bytes.subarray(0, bytes.byteLength / 2) : 'no model');
    }
  }

  place(version: number): void {
    this.#factor += 1;
    this.#isComplete(version);
    placeVersion(this.#folder, version, this.#factor);
  }

  /** The highest version; undefined where there is none. */
  wanted(): Wanted | undefined {
    const there = readdirSync(this.#folder).filter((name) => /^\d+$/.test(name));
    const highest = Math.max(0, ...there.map(Number));
    if (highest === 0) return undefined;
    return { version: String(highest), factor: this.#factors.get(highest) };
  }

  #isComplete(version: number): void {
    this.#factors.set(version, this.#factor);
    this.complete.add(this.#factor);
  }

  #rename(version: number, to: number): void {
    const target = join(this.#folder, String(to));
    if (existsSync(target)) return;
    renameSync(join(this.#folder, String(version)), target);
    const factor = this.#factors.get(version);
    this.#factors.delete(version);
    if (factor !== undefined) this.#factors.set(to, factor);
  }
}

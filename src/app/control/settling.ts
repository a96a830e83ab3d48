/** What has been seen of the files of one model. */
interface Seen {
  readonly fingerprint: string;
  readonly sinceMs: number;
  /** When its files began to differ from those that were taken over last. */
  readonly changedMs: number;
}

/** What a look at all files found. */
export interface Settled {
  /** Models whose files have changed and do not change any more. */
  readonly settled: readonly string[];
  /** Models whose files are being changed. */
  readonly changing: readonly string[];
}

/** Files that never rest are taken over after this time: a model may write files beside itself. */
const LONGEST_MS = 5_000;

/** Decides when files that change are complete: when they have been the same for some time. */
export class Settling {
  readonly #settleMs: number;
  #taken: ReadonlyMap<string, string> = new Map();
  readonly #changing = new Map<string, Seen>();

  /** Everything counts as changed at first: files may have changed since they were read. */
  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  get isChanging(): boolean {
    return this.#changing.size > 0;
  }

  /** Compares the files at this time with those of the looks before. What it reports as settled counts as taken over. */
  look(now: number, files: ReadonlyMap<string, string>): Settled {
    const settled: string[] = [];
    const taken = new Map(this.#taken);
    for (const name of new Set([...this.#taken.keys(), ...files.keys(), ...this.#changing.keys()])) {
      const fingerprint = files.get(name) ?? '';
      const before = this.#changing.get(name);
      if (fingerprint === (this.#taken.get(name) ?? '') && before === undefined) continue;
      const { sinceMs, changedMs } =
        before?.fingerprint === fingerprint ? before : { sinceMs: now, changedMs: before?.changedMs ?? now };
      if (now - sinceMs < this.#settleMs && now - changedMs < LONGEST_MS) {
        this.#changing.set(name, { fingerprint, sinceMs, changedMs });
        continue;
      }
      this.#changing.delete(name);
      // Files that have changed and are again as before have been different in between.
      settled.push(name);
      taken.set(name, fingerprint);
    }
    this.#taken = taken;
    return { settled, changing: [...this.#changing.keys()] };
  }
}

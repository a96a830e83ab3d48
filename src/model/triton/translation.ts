import type { Place, Remark } from './place.ts';

type Settings = Record<string, unknown>;

/** Collects what a model configuration of Triton means in settings of ours. */
export class Translation {
  /** In the form of model.yaml, not validated. */
  readonly settings: Settings = {};
  /** What is ignored, or differs. */
  readonly notes: Remark[] = [];
  /** Why the model cannot be served. */
  readonly problems: Remark[] = [];

  /** Sets a setting by its path, such as `batching.maxWaitMs`; undefined sets nothing. */
  set(path: string, value: unknown): void {
    if (value === undefined) return;
    const groups = path.split('.');
    const name = groups.pop() as string;
    let group = this.settings;
    for (const each of groups) {
      group[each] ??= {};
      group = group[each] as Settings;
    }
    group[name] = value;
  }

  note(at: Place, text: string): void {
    this.notes.push({ at, text });
  }

  problem(at: Place, text: string): void {
    this.problems.push({ at, text });
  }
}

import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Timer } from '../../base/clock.ts';
import type { WatchSettings } from '../../config/watch-settings.ts';
import { type Settled, Settling } from './settling.ts';
import { lookAtFiles, type WatchedPlaces } from './watched-files.ts';

/** Reports of the file system are collected for so long. */
const DEBOUNCE_MS = 20;
/** Beyond so many folders, changes are found by looking alone. */
const MOST_WATCHERS = 512;

/** What a watch reports. */
export interface FolderWatchEvents {
  /** Files of some models have changed and are complete. */
  changed(found: Settled): void;
  /** There are more files than are looked at. */
  cut(): void;
}

/**
 * Looks at files at an interval, and at once when the file system reports a change. The looks alone are enough, because
 * network file systems report nothing.
 */
export class FolderWatch {
  readonly #clock: Clock;
  readonly #settings: WatchSettings;
  readonly #events: FolderWatchEvents;
  readonly #watchers = new Map<string, FSWatcher>();
  #places: WatchedPlaces;
  readonly #settling: Settling;
  #timer: Timer | undefined;
  #isLooking = false;
  #isAskedAgain = false;
  #isStopped = false;
  #wasCut = false;

  constructor(
    clock: Clock,
    { places, settings }: { readonly places: WatchedPlaces; readonly settings: WatchSettings },
    events: FolderWatchEvents,
  ) {
    this.#clock = clock;
    this.#places = places;
    this.#settings = settings;
    this.#settling = new Settling(settings.settleMs);
    this.#events = events;
  }

  start(): void {
    void this.#look();
  }

  /** The files of models have changed: others are watched now. */
  watch(places: WatchedPlaces): void {
    this.#places = places;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.at(this.#clock.now() + ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isLooking) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isLooking = true;
    this.#isAskedAgain = false;
    const { fingerprints, folders, isCut } = await lookAtFiles(this.#places, this.#settings.maxFiles);
    this.#isLooking = false;
    if (this.#isStopped) return;
    if (isCut && !this.#wasCut) this.#events.cut();
    this.#wasCut = isCut;
    this.#listen(folders);
    const found = this.#settling.look(this.#clock.now(), fingerprints);
    if (found.settled.length > 0) this.#events.changed(found);
    const { settleMs, pollMs } = this.#settings;
    const next = this.#settling.isChanging ? Math.min(settleMs / 2, pollMs) : pollMs;
    this.#lookIn(this.#isAskedAgain ? DEBOUNCE_MS : next);
  }

  /** Asks the file system to report changes in these folders, as far as it does. */
  #listen(folders: readonly string[]): void {
    const wanted = new Set(folders.slice(0, MOST_WATCHERS));
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#open(folder);
  }

  #open(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        if (this.#isLooking) this.#isAskedAgain = true;
        else this.#lookIn(DEBOUNCE_MS);
      });
      const forget = () => {
        watcher.close();
        this.#watchers.delete(folder);
      };
      watcher.on('error', forget);
      this.#watchers.set(folder, watcher);
    } catch {
      // The folder has gone, or there are no watchers left: the next look finds changes.
    }
  }
}

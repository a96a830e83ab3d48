import { statSync } from 'node:fs';
import { appendFile, rename, truncate } from 'node:fs/promises';
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { Decision } from '../../observe/decisions/decision.ts';

/** The decision file: its path, its largest size, and the number of files that are kept. */
export interface DecisionFileSettings {
  readonly file: string;
  readonly maxFileBytes: number;
  readonly files: number;
}

/** Lines that may wait for a slow disk; further lines are dropped and counted. */
const MAX_WAITING_LINES = 4_096;

/**
 * Writes decisions as JSON lines to a file that is rotated at its largest size. Lines are written in order, whole, and
 * off the event loop. A full disk loses lines, which are counted, and has no other effect.
 */
export class DecisionFile {
  readonly #settings: DecisionFileSettings;
  readonly #log: Logger;
  readonly #waiting: string[] = [];
  #bytes: number;
  #writing: Promise<void> | undefined;
  /** Lines that could not be written. */
  dropped = 0;

  constructor(settings: DecisionFileSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#bytes = sizeOf(settings.file);
  }

  /** `wallMs` is the wall-clock time of the decision. */
  write(decision: Decision, wallMs: number): void {
    if (this.#waiting.length >= MAX_WAITING_LINES) {
      this.#drop(1, 'the disk is too slow');
      return;
    }
    this.#waiting.push(`${JSON.stringify({ time: new Date(wallMs).toISOString(), ...decision })}\n`);
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything is written or dropped. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = await this.#takeLines();
      const text = lines.join('');
      try {
        await appendFile(this.#settings.file, text);
        this.#bytes += Buffer.byteLength(text);
      } catch (caught) {
        this.#drop(lines.length, messageOf(caught));
        // Part of the text may be in the file: a truncated line would damage the next one.
        await truncate(this.#settings.file, this.#bytes).catch(() => {});
      }
    }
  }

  /** Takes the lines that fit in the file; rotates the file first when none fits. */
  async #takeLines(): Promise<string[]> {
    const first = Buffer.byteLength(this.#waiting[0] ?? '');
    if (this.#bytes > 0 && this.#bytes + first > this.#settings.maxFileBytes) await this.#rotate();
    let bytes = this.#bytes + first;
    let count = 1;
    for (; count < this.#waiting.length; count++) {
      bytes += Buffer.byteLength(this.#waiting[count] ?? '');
      if (bytes > this.#settings.maxFileBytes) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #rotate(): Promise<void> {
    const { file, files } = this.#settings;
    for (let index = files - 1; index >= 1; index--) {
      const older = index === 1 ? file : `${file}.${index - 1}`;
      if (sizeOf(older) > 0) await rename(older, `${file}.${index}`).catch(() => {});
    }
    if (files === 1) await truncate(file, 0).catch(() => {});
    this.#bytes = sizeOf(file);
  }

  #drop(lines: number, why: string): void {
    // Logged once, not for every line: the log may be on the same disk.
    if (this.dropped === 0)
      this.#log.error(
        { file: this.#settings.file, error: why },
        'decisions cannot be written to decisions.file and are dropped',
      );
    this.dropped += lines;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

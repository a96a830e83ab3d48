import { appendFileSync, renameSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Decision } from '../base/decision-log.ts';
import { messageOf } from '../base/errors.ts';

/** Where decisions are written, and how much of it is kept. */
export interface DecisionFileSettings {
  readonly file: string;
  readonly maxFileBytes: number;
  readonly files: number;
}

/**
 * Decisions as JSON lines, in a file that is renamed when it has grown large. They are rare, so they are written as
 * they come. A disk that is full costs lines, which are counted, and nothing else.
 */
export class DecisionFile {
  readonly #settings: DecisionFileSettings;
  readonly #log: Logger;
  #bytes: number;
  /** Lines that could not be written. */
  dropped = 0;

  constructor(settings: DecisionFileSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#bytes = sizeOf(settings.file);
  }

  /** `wallMs` is when it was decided, for people. */
  write(decision: Decision, wallMs: number): void {
    const line = `${JSON.stringify({ time: new Date(wallMs).toISOString(), ...decision })}\n`;
    try {
      if (this.#bytes + line.length > this.#settings.maxFileBytes) this.#rotate();
      appendFileSync(this.#settings.file, line);
      this.#bytes += Buffer.byteLength(line);
    } catch (caught) {
      this.dropped += 1;
      // Once, not for every line: the log may lie on the same disk.
      if (this.dropped === 1)
        this.#log.error({ error: messageOf(caught) }, 'decisions cannot be written to their file');
    }
  }

  #rotate(): void {
    const { file, files } = this.#settings;
    for (let index = files - 1; index >= 1; index--) {
      const older = index === 1 ? file : `${file}.${index - 1}`;
      if (sizeOf(older) > 0) renameSync(older, `${file}.${index}`);
    }
    this.#bytes = 0;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

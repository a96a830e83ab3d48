import { StringDecoder } from 'node:string_decoder';
import { cutText } from '../../base/cut-text.ts';

/** Cuts the output of a process into lines of bounded length. The excess of a line is dropped and counted. */
export class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #maxCharacters: number;
  readonly #onLine: (line: string) => void;
  /** The start of the unfinished line: at most one character more than the limit. */
  #start = '';
  /** Length of the whole unfinished line, in characters. */
  #length = 0;

  constructor(maxCharacters: number, onLine: (line: string) => void) {
    this.#maxCharacters = maxCharacters;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    const parts = this.#decoder.write(chunk).split('\n');
    for (const [index, part] of parts.entries()) {
      this.#add(part);
      if (index < parts.length - 1) this.#finish();
    }
  }

  end(): void {
    if (this.#length > 0) this.#finish();
  }

  #add(part: string): void {
    this.#length += part.length;
    const room = this.#maxCharacters + 1 - this.#start.length;
    if (room > 0) this.#start += part.slice(0, room);
  }

  #finish(): void {
    const isWhole = this.#start.length === this.#length;
    const line = isWhole && this.#start.endsWith('\r') ? this.#start.slice(0, -1) : this.#start;
    const more = this.#length - this.#maxCharacters;
    this.#onLine(
      isWhole ? cutText(line, this.#maxCharacters) : `${line.slice(0, -1)}… (${more} more characters)`,
    );
    this.#start = '';
    this.#length = 0;
  }
}

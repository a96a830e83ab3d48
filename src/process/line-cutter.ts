import { StringDecoder } from 'node:string_decoder';

/** A line that does not end is cut here, so that what a model writes can never fill the gateway. */
const MAX_LINE_CHARACTERS = 8192;

/** Cuts what a process writes into lines. */
export class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#report(line);
    while (this.#rest.length > MAX_LINE_CHARACTERS) {
      this.#onLine(this.#rest.slice(0, MAX_LINE_CHARACTERS));
      this.#rest = this.#rest.slice(MAX_LINE_CHARACTERS);
    }
  }

  end(): void {
    if (this.#rest !== '') this.#report(this.#rest);
    this.#rest = '';
  }

  #report(line: string): void {
    for (let start = 0; start === 0 || start < line.length; start += MAX_LINE_CHARACTERS) {
      this.#onLine(line.slice(start, start + MAX_LINE_CHARACTERS));
    }
  }
}

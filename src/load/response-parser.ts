/** The progress of an answer. */
export type Progress = 'partial' | 'complete' | 'malformed';

type TextPhase = 'head' | 'chunk size' | 'chunk end' | 'trailer';
type BodyPhase = 'sized body' | 'chunk' | 'body until close';
type Phase = TextPhase | BodyPhase | 'done' | 'malformed';

/** Longest head or line of a chunked body in bytes; more is malformed. */
const LONGEST_TEXT = 64 * 1024;

const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |\r|$)/;
const CONNECTION = /\r\nconnection:([^\r\n]*)/i;
const TRANSFER_ENCODING = /\r\ntransfer-encoding:([^\r\n]*)/i;
const CONTENT_LENGTH = /\r\ncontent-length:([^\r\n]*)/i;

/**
 * Parses HTTP/1.1 answers, one at a time, from chunks of any size. It parses only the status and the framing; bodies are
 * skipped unless `keepsBody` returns true.
 */
export class ResponseParser {
  readonly #keepsBody: (status: number) => boolean;
  #phase: Phase = 'head';
  #status = 0;
  #isReusable = false;
  #problem = '';
  /** The received part of an incomplete head or line. */
  #begun = '';
  #bodyLeft = 0;
  #kept: Buffer[] | undefined;

  constructor(keepsBody: (status: number) => boolean) {
    this.#keepsBody = keepsBody;
  }

  get status(): number {
    return this.#status;
  }

  /** Whether the connection can be used for another request after the complete answer. */
  get isReusable(): boolean {
    return this.#isReusable;
  }

  /** Undefined unless the body is kept. */
  get body(): Buffer | undefined {
    return this.#kept === undefined ? undefined : Buffer.concat(this.#kept);
  }

  /** The problem of a malformed answer. */
  get problem(): string {
    return this.#problem;
  }

  /** Prepares for the next answer. */
  reset(): void {
    this.#phase = 'head';
    this.#begun = '';
    this.#kept = undefined;
  }

  /** Parses the first `end` bytes and keeps no reference to them. */
  feed(bytes: Buffer, end: number): Progress {
    let at = 0;
    while (at < end) {
      switch (this.#phase) {
        case 'malformed':
          return 'malformed';
        case 'done':
          // Only one request is sent at a time, so further data is invalid.
          this.#isReusable = false;
          return 'complete';
        case 'sized body':
        case 'chunk':
        case 'body until close':
          at = this.#skipBody(bytes, at, end);
          break;
        default:
          at = this.#readText(bytes, at, end);
      }
    }
    if (this.#phase === 'done') return 'complete';
    return this.#phase === 'malformed' ? 'malformed' : 'partial';
  }

  /** Whether the end of the connection now would be the regular end of the answer. */
  get endsWithConnection(): boolean {
    return this.#phase === 'body until close';
  }

  #skipBody(bytes: Buffer, at: number, end: number): number {
    const next = Math.min(end, at + this.#bodyLeft);
    if (this.#kept !== undefined) this.#kept.push(Buffer.from(bytes.subarray(at, next)));
    this.#bodyLeft -= next - at;
    if (this.#bodyLeft === 0) this.#phase = this.#phase === 'chunk' ? 'chunk end' : 'done';
    return next;
  }

  /** Parses one head or line, or the available part of it. */
  #readText(bytes: Buffer, at: number, end: number): number {
    const terminator = this.#phase === 'head' ? '\r\n\r\n' : '\r\n';
    const found = this.#begun === '' ? bytes.indexOf(terminator, at, 'latin1') : -1;
    if (found >= 0 && found + terminator.length <= end) {
      this.#understand(bytes.toString('latin1', at, found));
      return found + terminator.length;
    }
    // Slow path for text in several chunks: joined first, because the terminator may be split too.
    const joined = this.#begun + bytes.toString('latin1', at, end);
    const length = joined.indexOf(terminator);
    if (length < 0) {
      this.#begun = joined;
      if (joined.length > LONGEST_TEXT) this.#refuse('a head or line is too long');
      return end;
    }
    const next = at + length + terminator.length - this.#begun.length;
    this.#begun = '';
    this.#understand(joined.slice(0, length));
    return next;
  }

  #understand(text: string): void {
    if (this.#phase === 'head') this.#understandHead(text);
    else if (this.#phase === 'chunk size') this.#understandChunkSize(text);
    else if (this.#phase === 'trailer') this.#phase = text === '' ? 'done' : 'trailer';
    else if (text === '') this.#phase = 'chunk size';
    else this.#refuse('a chunk is longer than its size');
  }

  #understandHead(head: string): void {
    const [, minor, code] = STATUS_LINE.exec(head) ?? [];
    const status = Number(code);
    if (code === undefined) {
      this.#refuse('no HTTP/1 status line');
    } else if (status === 101) {
      this.#refuse('an upgrade that was not requested');
    } else if (status >= 200) {
      // A 1xx status is interim: the answer follows.
      this.#status = status;
      this.#isReusable = keepsAlive(minor, headerValue(head, CONNECTION));
      this.#kept = this.#keepsBody(status) ? [] : undefined;
      this.#understandFraming(headerValue(head, TRANSFER_ENCODING), headerValue(head, CONTENT_LENGTH));
    }
  }

  #understandFraming(coding: string | undefined, length: string | undefined): void {
    if (this.#status === 204 || this.#status === 304) {
      this.#phase = 'done';
    } else if (coding !== undefined && /\bchunked$/i.test(coding)) {
      this.#phase = 'chunk size';
    } else if (coding !== undefined || length === undefined) {
      this.#phase = 'body until close';
      this.#bodyLeft = Number.POSITIVE_INFINITY;
      this.#isReusable = false;
    } else if (/^\d{1,15}$/.test(length)) {
      this.#bodyLeft = Number(length);
      this.#phase = this.#bodyLeft === 0 ? 'done' : 'sized body';
    } else {
      this.#refuse(`content-length is ${JSON.stringify(length)}, wanted a whole number`);
    }
  }

  #understandChunkSize(line: string): void {
    const [, digits] = /^([\da-f]{1,12})[ \t]*(?:;|$)/i.exec(line) ?? [];
    if (digits === undefined) {
      this.#refuse(`a chunk size is ${JSON.stringify(line.slice(0, 40))}, wanted a hexadecimal number`);
    } else {
      this.#bodyLeft = Number.parseInt(digits, 16);
      this.#phase = this.#bodyLeft === 0 ? 'trailer' : 'chunk';
    }
  }

  #refuse(problem: string): void {
    this.#phase = 'malformed';
    this.#problem = problem;
  }
}

function keepsAlive(minorVersion: string | undefined, connection = ''): boolean {
  return minorVersion === '1' ? !/\bclose\b/i.test(connection) : /\bkeep-alive\b/i.test(connection);
}

function headerValue(head: string, header: RegExp): string | undefined {
  return header.exec(head)?.[1]?.trim();
}

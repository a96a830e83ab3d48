import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from '../http/http-exchange.ts';

/** One field of a head, with its line end. */
export function field(name: string, value: string | number): string {
  return `${name}: ${value}\r\n`;
}

/** The fields of an answer, with their line ends. */
export function fieldLines(fields: Iterable<readonly [string, string | number]>): string {
  let lines = '';
  for (const [name, value] of fields) lines += field(name, value);
  return lines;
}

/** The head of an answer, with the fields in the order and spelling in which Node sends them; `end` is its `headEnd`. */
export function answerHead(status: number, fields: string, end: string): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields}${end}`;
}

/** The fields that end a head. `keptMs`: how long an idle connection stays open; undefined when it is closed after the answer. */
export function headEnd(date: string, keptMs: number | undefined): string {
  const connection =
    keptMs === undefined
      ? 'Connection: close\r\n'
      : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keptMs / 1000)}\r\n`;
  return `Date: ${date}\r\n${connection}\r\n`;
}

/** What the head of a successful answer depends on. */
type AnswerForm = Omit<HttpAnswer, 'chunks'>;

/** Writes the heads of successful answers. The last one is kept: for a second, answers of one form have the same head. */
export class AnswerHeads {
  #fields = '';
  #form: AnswerForm | undefined;
  #end = '';
  #head = '';

  /** `fields` are those beside the ones that describe the body; `end` is the `headEnd`. */
  of(fields: string, form: AnswerForm, end: string): string {
    if (fields !== this.#fields || end !== this.#end || !isSameForm(form, this.#form)) {
      this.#fields = fields;
      this.#end = end;
      const { contentType, jsonBytes, contentEncoding, byteLength } = form;
      this.#form = { contentType, jsonBytes, contentEncoding, byteLength };
      this.#head = answerHead(200, fields + bodyFields(form), end);
    }
    return this.#head;
  }
}

function isSameForm(one: AnswerForm, other: AnswerForm | undefined): boolean {
  return (
    one.contentType === other?.contentType &&
    one.jsonBytes === other.jsonBytes &&
    one.contentEncoding === other.contentEncoding &&
    one.byteLength === other.byteLength
  );
}

function bodyFields({ contentType, jsonBytes, contentEncoding, byteLength }: AnswerForm): string {
  let fields = field('content-type', contentType) + field('content-length', byteLength);
  if (jsonBytes !== undefined) fields += field('inference-header-content-length', jsonBytes);
  if (contentEncoding !== undefined) fields += field('content-encoding', contentEncoding);
  return fields;
}

/** Head and body together, because one write costs one system call. */
export function joined(head: string, chunks: readonly Uint8Array[], byteLength: number): Buffer {
  const all = Buffer.allocUnsafe(head.length + byteLength);
  let at = all.write(head, 0, 'latin1');
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

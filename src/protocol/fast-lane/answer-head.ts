import { STATUS_CODES } from 'node:http';

/** What decides the end of an answer's head, beside its own fields. */
export interface ConnectionFields {
  readonly date: string;
  readonly keepAliveTimeoutMs: number;
  /** The connection is closed after the answer. */
  readonly isLast: boolean;
}

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

/** The head of an answer, with the fields in the order and spelling in which Node sends them. */
export function answerHead(
  status: number,
  fields: string,
  { date, keepAliveTimeoutMs, isLast }: ConnectionFields,
): string {
  const seconds = Math.floor(keepAliveTimeoutMs / 1000);
  const connection = isLast
    ? 'Connection: close\r\n'
    : `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields}Date: ${date}\r\n${connection}\r\n`;
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

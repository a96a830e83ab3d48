import { type Place, TextFormatError } from './place.ts';
import { unescaped } from './string-escapes.ts';
import { type Token, tokensOf } from './tokens.ts';

/** A value as written; its meaning depends on the type of its field. */
export type Value =
  | { readonly kind: 'text'; readonly at: Place; readonly bytes: Uint8Array }
  /** Numbers, and names such as `true`, `inf` or `TYPE_FP32`. */
  | {
      readonly kind: 'number' | 'name';
      readonly at: Place;
      readonly raw: string;
      readonly isNegative: boolean;
    }
  | { readonly kind: 'message'; readonly at: Place; readonly fields: readonly Field[] }
  | { readonly kind: 'list'; readonly at: Place; readonly items: readonly Value[] };

/** One entry of a message. */
export interface Field {
  readonly name: string;
  readonly at: Place;
  readonly value: Value;
}

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '<': '>' };
/** The nesting limit of Protobuf. */
const DEEPEST = 100;

/** Reads the text format of Protobuf. Throws a TextFormatError at the first place that is not in it. */
export function parseTextFormat(text: string): Field[] {
  return new Parser(tokensOf(text.replace(/^\uFEFF/, ''))).fields(undefined);
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The entries up to the closing bracket, which is consumed, or up to the end of the text. */
  fields(opening: Token | undefined): Field[] {
    const fields: Field[] = [];
    const closing = CLOSING[opening?.raw ?? ''];
    while (!this.#take(closing)) {
      const { kind, at } = this.#token;
      if (kind === 'end') {
        if (opening === undefined) break;
        throw new TextFormatError(
          opening.at,
          `'${opening.raw}' is not closed: wanted '${closing}' before the end of the file`,
        );
      }
      if (kind !== 'name') throw this.#unexpected(`the name of a field${closing ? ` or '${closing}'` : ''}`);
      fields.push(this.#field(at));
      if (!this.#take(',')) this.#take(';');
    }
    return fields;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #field(at: Place): Field {
    const name = this.#shift().raw;
    const hasColon = this.#take(':');
    if (!hasColon && !['{', '<', '['].includes(this.#symbol)) throw this.#unexpected(`':' after '${name}'`);
    const value = this.#symbol === '[' ? this.#list() : this.#value(`the value of '${name}'`);
    if (!hasColon && value.kind === 'list' && value.items.some(({ kind }) => kind !== 'message')) {
      throw new TextFormatError(
        value.at,
        `wanted ':' before the values of '${name}': only messages may omit it`,
      );
    }
    return { name, at, value };
  }

  #list(): Value {
    const { at } = this.#shift();
    const items: Value[] = [];
    if (this.#take(']')) return { kind: 'list', at, items };
    do items.push(this.#value('a value'));
    while (this.#take(','));
    if (this.#token.kind === 'end') throw new TextFormatError(at, "'[' is not closed: wanted ']'");
    if (!this.#take(']')) throw this.#unexpected("',' or ']'");
    return { kind: 'list', at, items };
  }

  #value(wanted: string): Value {
    const token = this.#token;
    const { kind, at } = token;
    if (kind === 'text') return { kind, at, bytes: this.#text() };
    if (this.#symbol === '{' || this.#symbol === '<') {
      this.#depth += 1;
      if (this.#depth > DEEPEST) throw new TextFormatError(at, `more than ${DEEPEST} messages are nested`);
      const fields = this.fields(this.#shift());
      this.#depth -= 1;
      return { kind: 'message', at, fields };
    }
    const isNegative = this.#take('-');
    const { kind: after } = this.#token;
    if (after === 'number' || after === 'name') {
      return { kind: after, at, raw: this.#shift().raw, isNegative };
    }
    throw this.#unexpected(isNegative ? "a number after '-'" : wanted);
  }

  /** Adjacent texts are one. */
  #text(): Uint8Array {
    const pieces: Uint8Array[] = [];
    while (this.#token.kind === 'text') {
      const { raw, at } = this.#shift();
      const bytes = unescaped(raw);
      if (typeof bytes === 'number') {
        const column = at.column + 1 + bytes;
        throw new TextFormatError(
          { line: at.line, column },
          `'${raw.slice(bytes, bytes + 2)}' is not an escape: write \\\\ for a backslash`,
        );
      }
      pieces.push(bytes);
    }
    return Buffer.concat(pieces);
  }

  get #symbol(): string {
    const { kind, raw } = this.#token;
    return kind === 'symbol' ? raw : '';
  }

  #shift(): Token {
    const token = this.#token;
    this.#next += 1;
    return token;
  }

  /** Consumes a symbol; whether it was there. */
  #take(symbol: string | undefined): boolean {
    if (symbol === undefined || this.#symbol !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #unexpected(wanted: string): TextFormatError {
    const { kind, raw, at } = this.#token;
    const came = kind === 'end' ? 'the end of the file' : kind === 'text' ? 'a text in quotes' : `'${raw}'`;
    return new TextFormatError(at, `found ${came}, wanted ${wanted}`);
  }
}

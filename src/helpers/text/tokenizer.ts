import { type Encoding, fillTemplate, keptLengths, type TemplatePart } from './encoding.ts';
import { type Padding, type TokenTensors, tokenTensors } from './token-tensors.ts';

/** A text: a string, or its UTF-8 as BYTES tensors have it. */
export type Text = string | Uint8Array;

/** Options of `encode`. */
export interface EncodeOptions {
  /** Longer texts are cut; the special tokens stay. Default: the limit in the files of the tokenizer, if any. */
  readonly maxLength?: number;
  /** The length of the rows: that of the longest text, or `maxLength`. Default: `longest`. */
  readonly padTo?: 'longest' | 'maxLength';
  /** The length is rounded up to a multiple, so that requests of similar lengths can share a batch. Default: 1. */
  readonly padToMultipleOf?: number;
  /** Whether special tokens such as [CLS] and [SEP] are added. Default: true. */
  readonly specialTokens?: boolean;
}

/** What the files of a tokenizer say and the library leaves to its caller, or does otherwise. */
export interface TokenizerRules {
  readonly maxLength: number | undefined;
  readonly cutSide: 'left' | 'right';
  /** undefined when the tokenizer names no token for it. */
  readonly padding: Padding | undefined;
  /** Whether the second text of a pair is of type 1. RoBERTa knows one type only, and has no embedding for another. */
  readonly hasTypes: boolean;
  /** Whether decoding removes the space before a comma, and the like. */
  readonly cleansUp: boolean;
}

/** What is used of `@huggingface/tokenizers`. */
export interface TokenizerLibrary {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  decode(
    ids: number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  readonly post_processor: {
    post_process(
      first: string[],
      second: string[] | null,
      specialTokens: boolean,
    ): { readonly tokens: readonly string[]; readonly token_type_ids?: readonly number[] };
  } | null;
}

const CONTENT = { first: '\0first', second: '\0second' } as const;
const UTF8 = new TextDecoder();

/** Turns texts into the inputs of a model, and tokens into text. `loadTokenizer` makes one. */
export class Tokenizer {
  readonly #library: TokenizerLibrary;
  readonly #rules: TokenizerRules;

  constructor(library: TokenizerLibrary, rules: TokenizerRules) {
    this.#library = library;
    this.#rules = rules;
  }

  /** Encodes texts, or pairs of texts, as rows of one length. */
  encode(texts: readonly (Text | readonly [Text, Text])[], options: EncodeOptions = {}): TokenTensors {
    const { specialTokens = true, padTo = 'longest', padToMultipleOf = 1 } = options;
    if (!Number.isInteger(padToMultipleOf) || padToMultipleOf < 1) {
      throw new RangeError(`encode: padToMultipleOf is ${padToMultipleOf}, wanted a whole number from 1`);
    }
    const maxLength = options.maxLength ?? this.#rules.maxLength;
    const rows = texts.map((text) => this.#encodeOne(text, specialTokens, maxLength));
    const longest = rows.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    const wanted = padTo === 'maxLength' ? maxLength : longest;
    if (wanted === undefined) throw new RangeError('encode: padTo is maxLength, wanted also a maxLength');
    const length = Math.ceil(wanted / padToMultipleOf) * padToMultipleOf;
    return tokenTensors(rows, length, () => this.#padding());
  }

  /** The text of tokens. Special tokens are left out unless they are wanted. */
  decode(ids: Iterable<number | bigint>, { specialTokens = false } = {}): string {
    const list = Array.from(ids, Number);
    if (list.length === 0) return '';
    return this.#library.decode(list, {
      skip_special_tokens: !specialTokens,
      clean_up_tokenization_spaces: this.#rules.cleansUp,
    });
  }

  /** The number of tokens of a text, with special tokens unless they are not wanted, and without a limit. */
  count(text: Text, { specialTokens = true } = {}): number {
    return this.#encodeOne(text, specialTokens, undefined).ids.length;
  }

  #encodeOne(
    text: Text | readonly [Text, Text],
    specialTokens: boolean,
    maxLength: number | undefined,
  ): Encoding {
    const isPair = typeof text !== 'string' && !(text instanceof Uint8Array);
    const [first, second] = isPair ? [this.#idsOf(text[0]), this.#idsOf(text[1])] : [this.#idsOf(text), []];
    const template = this.#template(isPair, specialTokens);
    if (maxLength === undefined) return fillTemplate(template, first, second);
    const room = maxLength - template.filter(({ content }) => typeof content === 'number').length;
    if (!Number.isInteger(maxLength) || room < 0) {
      throw new RangeError(
        `encode: maxLength is ${maxLength}, wanted a whole number from ${maxLength - room}`,
      );
    }
    const [keptFirst, keptSecond] = keptLengths(first.length, second.length, room);
    return fillTemplate(template, this.#cut(first, keptFirst), this.#cut(second, keptSecond));
  }

  #idsOf(text: Text): number[] {
    const string = typeof text === 'string' ? text : UTF8.decode(text);
    return this.#library.encode(string, { add_special_tokens: false }).ids;
  }

  #cut(ids: readonly number[], kept: number): readonly number[] {
    return this.#rules.cutSide === 'left' ? ids.slice(ids.length - kept) : ids.slice(0, kept);
  }

  /** Where special tokens go, which the library knows only for whole texts: two marks take their place. */
  #template(isPair: boolean, specialTokens: boolean): TemplatePart[] {
    const [first, second] = [[CONTENT.first], isPair ? [CONTENT.second] : null];
    const processed = this.#library.post_processor?.post_process(first, second, specialTokens);
    const tokens = processed?.tokens ?? [...first, ...(second ?? [])];
    const types = this.#rules.hasTypes ? processed?.token_type_ids : undefined;
    return tokens.map((token, at) => {
      const type = types?.[at] ?? 0;
      if (token === CONTENT.first) return { content: 'first', type };
      if (token === CONTENT.second) return { content: 'second', type };
      const id = this.#library.token_to_id(token);
      if (id === undefined)
        throw new Error(`the tokenizer adds the token '${token}', which is not in its vocabulary`);
      return { content: id, type };
    });
  }

  #padding(): Padding {
    if (this.#rules.padding !== undefined) return this.#rules.padding;
    throw new Error(
      'texts of different lengths need padding, and the tokenizer names no pad_token: add "pad_token" to tokenizer_config.json',
    );
  }
}

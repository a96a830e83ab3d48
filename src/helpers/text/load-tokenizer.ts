import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { importOptional } from '../shared/optional-package.ts';
import { Tokenizer, type TokenizerRules } from './tokenizer.ts';

/** The files of a tokenizer cannot be read; the message says why. */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
}

const LIBRARY = { name: '@huggingface/tokenizers', range: '0.2' };
/** Transformers writes 10^30 where there is no limit. */
const NO_LIMIT = 1e9;

type Side = 'left' | 'right';

/** The parts of `tokenizer.json` that the library does not apply. */
interface TokenizerJson {
  readonly post_processor?: PostProcessorJson | null;
  readonly truncation?: { readonly max_length?: number; readonly direction?: string } | null;
  readonly padding?: {
    readonly pad_id: number;
    readonly pad_type_id?: number;
    readonly direction?: string;
  } | null;
}

interface PostProcessorJson {
  readonly type: string;
  readonly processors?: readonly PostProcessorJson[];
}

interface TokenizerConfig {
  readonly clean_up_tokenization_spaces?: boolean;
  readonly model_max_length?: number;
  readonly truncation_side?: Side;
  readonly padding_side?: Side;
  readonly pad_token?: string | { readonly content: string } | null;
}

/** Loads a tokenizer from a folder with `tokenizer.json` and, if the model has one, `tokenizer_config.json`. */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const file = join(folder, 'tokenizer.json');
  const json = await readJson<TokenizerJson>(file);
  if (json === undefined) {
    throw new TokenizerError(`${file} does not exist, wanted the tokenizer.json that belongs to the model`);
  }
  const config = (await readJson<TokenizerConfig>(join(folder, 'tokenizer_config.json'))) ?? {};
  const { Tokenizer: Library } = await importOptional(
    'galley/text',
    LIBRARY,
    async () => import('@huggingface/tokenizers'),
  );
  try {
    const library = new Library(json, config);
    return new Tokenizer(
      library,
      rulesOf(json, config, (token) => library.token_to_id(token)),
    );
  } catch (caught) {
    throw new TokenizerError(`${file} is not a tokenizer: ${messageOf(caught)}`, { cause: caught });
  }
}

function rulesOf(
  { truncation, padding, post_processor }: TokenizerJson,
  config: TokenizerConfig,
  idOf: (token: string) => number | undefined,
): TokenizerRules {
  const limits = [truncation?.max_length, config.model_max_length].filter(
    (limit) => limit !== undefined && limit < NO_LIMIT,
  );
  const token = typeof config.pad_token === 'string' ? config.pad_token : config.pad_token?.content;
  const id = padding?.pad_id ?? (token === undefined ? undefined : idOf(token));
  const side = config.padding_side ?? sideOf(padding?.direction);
  return {
    maxLength: limits[0],
    cutSide: config.truncation_side ?? sideOf(truncation?.direction),
    padding: id === undefined ? undefined : { id, type: padding?.pad_type_id ?? 0, side },
    hasTypes: !isRoberta(post_processor),
    cleansUp: config.clean_up_tokenization_spaces ?? false,
  };
}

function isRoberta(processor: PostProcessorJson | null | undefined): boolean {
  return processor?.type === 'RobertaProcessing' || (processor?.processors ?? []).some(isRoberta);
}

/** `tokenizer.json` writes `Left` and `Right`. */
function sideOf(direction: string | undefined): Side {
  return direction?.toLowerCase() === 'left' ? 'left' : 'right';
}

/** undefined when the file does not exist. */
async function readJson<Content>(file: string): Promise<Content | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Content;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new TokenizerError(`${file} cannot be read: ${messageOf(caught)}`, { cause: caught });
  }
}

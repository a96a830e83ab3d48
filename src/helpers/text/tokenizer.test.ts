import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { keptLengths } from './encoding.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import type { TokenTensor } from './token-tensors.ts';

const TOKENIZERS = fileURLToPath(new URL('../../../../test/conformance/tokenizers', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'galley-text-'));
after(() => rmSync(scratch, { recursive: true }));

interface Encoded {
  readonly text: string | [string, string];
  readonly ids: number[];
  readonly types: number[];
  readonly maxLength?: number;
}

/** What the original library makes of the same texts. */
interface Expected {
  readonly whole: readonly Encoded[];
  readonly cut: readonly Encoded[];
  readonly decoded: readonly { readonly ids: number[]; readonly text: string; readonly special: string }[];
  readonly batch: { readonly ids: number[][]; readonly mask: number[][] };
}

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(TOKENIZERS, name, 'expected.json'), 'utf8')) as Expected;
}

function rowsOf({ shape: [rows, length], data }: TokenTensor): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from(data.subarray(row * length, (row + 1) * length), Number),
  );
}

/** A copy of a tokenizer with other files. */
function changed(name: string, file: string, content: string): string {
  const folder = join(scratch, `${name}-${file}-${content.length}`);
  cpSync(join(TOKENIZERS, name), folder, { recursive: true });
  writeFileSync(join(folder, file), content);
  return folder;
}

for (const name of ['wordpiece', 'bytelevel', 'unigram']) {
  const expected = expectedOf(name);

  test(`${name}: texts and pairs are encoded as the original library does, whole and cut`, async () => {
    const tokenizer = await loadTokenizer(join(TOKENIZERS, name));
    for (const { text, ids, types, maxLength } of [...expected.whole, ...expected.cut]) {
      const limit = maxLength === undefined ? {} : { maxLength };
      const { input_ids, attention_mask, token_type_ids } = tokenizer.encode([text], limit);
      const why = `${JSON.stringify(text).slice(0, 40)} up to ${maxLength}`;
      assert.deepEqual(rowsOf(input_ids), [ids], why);
      assert.deepEqual(rowsOf(token_type_ids), [types], why);
      assert.deepEqual(rowsOf(attention_mask), [ids.map(() => 1)], why);
      assert.deepEqual(input_ids.shape, [1, ids.length]);
      if (typeof text === 'string' && maxLength === undefined) {
        assert.equal(tokenizer.count(text), ids.length);
        assert.deepEqual(tokenizer.encode([Buffer.from(text)]).input_ids, input_ids);
      }
    }
  });

  test(`${name}: a batch is padded as the original library does`, async () => {
    const tokenizer = await loadTokenizer(join(TOKENIZERS, name));
    const texts = expected.whole.slice(0, 5).map(({ text }) => text as string);
    const { input_ids, attention_mask } = tokenizer.encode(texts, { padToMultipleOf: 8 });
    assert.deepEqual(rowsOf(input_ids), expected.batch.ids);
    assert.deepEqual(rowsOf(attention_mask), expected.batch.mask);
  });

  test(`${name}: tokens are decoded as the original library does`, async () => {
    const tokenizer = await loadTokenizer(join(TOKENIZERS, name));
    for (const { ids, text, special } of expected.decoded) {
      assert.equal(tokenizer.decode(BigInt64Array.from(ids, BigInt)), text);
      assert.equal(tokenizer.decode(ids, { specialTokens: true }), special);
    }
    assert.equal(tokenizer.decode([]), '');
  });
}

test('rows have the length of the longest text, or that which is wanted', async () => {
  const tokenizer = await loadTokenizer(join(TOKENIZERS, 'wordpiece'));
  const texts = ['tokens', 'The server answers.'];
  const plain = tokenizer.encode(texts, { specialTokens: false });
  assert.equal(plain.input_ids.shape[1], tokenizer.count(texts[1] ?? '', { specialTokens: false }));
  assert.deepEqual(tokenizer.encode(texts, { padTo: 'maxLength', maxLength: 32 }).input_ids.shape, [2, 32]);
  assert.deepEqual(tokenizer.encode([]).input_ids.shape, [0, 0]);
});

test('the limits in the files hold unless another is wanted', async () => {
  const texts = ['The server answers predictions over HTTP, with replicas and batches.'];
  const limited = changed('wordpiece', 'tokenizer_config.json', '{"model_max_length": 6}');
  assert.equal((await loadTokenizer(limited)).encode(texts).input_ids.shape[1], 6);
  assert.equal((await loadTokenizer(limited)).encode(texts, { maxLength: 9 }).input_ids.shape[1], 9);
  const endless = changed('wordpiece', 'tokenizer_config.json', '{"model_max_length": 1e30}');
  assert.ok((await loadTokenizer(endless)).encode(texts).input_ids.shape[1] > 9);
});

test('a limit below the special tokens, and padding without a token for it, are errors', async () => {
  const tokenizer = await loadTokenizer(join(TOKENIZERS, 'wordpiece'));
  assert.throws(
    () => tokenizer.encode(['x'], { maxLength: 1 }),
    /maxLength is 1, wanted a whole number from 2/,
  );
  assert.throws(() => tokenizer.encode(['x'], { padToMultipleOf: 0 }), /padToMultipleOf is 0, wanted/);
  assert.throws(() => tokenizer.encode(['x'], { padTo: 'maxLength' }), /wanted also a maxLength/);
  const bare = await loadTokenizer(changed('wordpiece', 'tokenizer_config.json', '{}'));
  assert.equal(bare.encode(['tokens', 'tokens']).input_ids.shape[0], 2);
  assert.throws(() => bare.encode(['tokens', 'tokens tokens']), /the tokenizer names no pad_token: add/);
});

for (const [why, file, content, message] of [
  ['broken JSON', 'tokenizer.json', '{', /tokenizer\.json cannot be read: /],
  ['other JSON', 'tokenizer.json', '{"a": 1}', /tokenizer\.json is not a tokenizer: /],
  ['a broken config', 'tokenizer_config.json', ']', /tokenizer_config\.json cannot be read: /],
] as const) {
  test(`${why} is a TokenizerError`, async () => {
    const folder = changed('unigram', file, content);
    await assert.rejects(loadTokenizer(folder), { name: 'TokenizerError', message });
  });
}

test('a folder without tokenizer.json is a TokenizerError', async () => {
  await assert.rejects(loadTokenizer(scratch), /tokenizer\.json does not exist, wanted the tokenizer\.json/);
});

test('a pair is cut to the limit, the longer text first', () => {
  assert.deepEqual(keptLengths(10, 2, 8), [6, 2]);
  assert.deepEqual(keptLengths(2, 10, 8), [2, 6]);
  assert.deepEqual(keptLengths(9, 9, 7), [3, 4]);
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), fc.nat(40), (first, second, limit) => {
      const [a, b] = keptLengths(first, second, limit);
      assert.equal(a + b, Math.min(first + second, limit));
      assert.ok(a >= 0 && a <= first && b >= 0 && b <= second);
    }),
  );
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { RunningServer } from '../support/running-server.ts';

let server: RunningServer;
before(async () => {
  server = await RunningServer.start(['examples/language']);
});
after(async () => server.stop());

async function predictions(model: string, texts: readonly string[]): Promise<readonly unknown[]> {
  const response = await fetch(`${server.url}/v1/models/${model}:predict`, {
    method: 'POST',
    body: JSON.stringify({ instances: texts }),
  });
  assert.equal(response.status, 200);
  return ((await response.json()) as { predictions: readonly unknown[] }).predictions;
}

test('the model names the language of each text, and is not confident in gibberish', async () => {
  const texts = [
    'Guten Morgen, wie geht es dir?',
    'The food was not good at all.',
    'zzzz qqq 12345',
    '',
    '日本語の文章です。',
  ];
  const answers = (await predictions('language', texts)) as { language: string; confidence: number }[];
  const sure = answers.map(({ language, confidence }) => (confidence >= 0.8 ? language : ''));
  assert.deepEqual(sure, ['de', 'en', '', '', '']);
});

for (const [model, text, label, score] of [
  ['sentiment-en', 'The staff were friendly.', 'positive', 1],
  ['sentiment-en', 'I don’t like the food.', 'negative', -1],
  ['sentiment-en', 'It was not bad.', 'positive', 1],
  ['sentiment-en', 'Friendly but slow.', 'neutral', 0],
  ['sentiment-en', 'The table is made of wood.', 'neutral', 0],
  ['sentiment-de', 'Das Personal war freundlich.', 'positive', 1],
  ['sentiment-de', 'Das Essen war leider nicht gut.', 'negative', -1],
  ['sentiment-de', 'Nicht schlecht!', 'positive', 1],
  ['sentiment-de', 'Freundlich, aber langsam.', 'neutral', 0],
  ['sentiment-de', 'Der Tisch ist aus Holz.', 'neutral', 0],
  ['sentiment-other', 'Le personnel était sympathique.', 'unknown', 0],
] as const) {
  test(`${model} rates '${text}' as ${label}`, async () => {
    assert.deepEqual(await predictions(model, [text]), [{ label, score }]);
  });
}

for (const [text, label, servedBy] of [
  ['Das Zimmer war sauber und das Personal freundlich.', 'positive', 'sentiment-de/1'],
  ['I would not recommend this restaurant.', 'negative', 'sentiment-en/1'],
  ['Il servizio era terribile.', 'unknown', 'sentiment-other/1'],
  ['zzzz qqq 12345', 'unknown', 'sentiment-other/1'],
] as const) {
  test(`the route sends '${text}' to ${servedBy}`, async () => {
    const response = await fetch(`${server.url}/v1/models/review:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances: [text] }),
    });
    assert.equal(response.headers.get('x-galley-served-by'), servedBy);
    const { predictions } = (await response.json()) as { predictions: readonly { label: string }[] };
    assert.deepEqual(
      predictions.map((prediction) => prediction.label),
      [label],
    );
  });
}

test('texts of different languages in one request go to the model for any language', async () => {
  const response = await fetch(`${server.url}/v1/models/review:predict`, {
    method: 'POST',
    headers: { 'x-galley-explain': '1' },
    body: JSON.stringify({
      instances: [
        'Das Zimmer war sauber und das Personal freundlich.',
        'I would not recommend this restaurant.',
      ],
    }),
  });
  assert.equal(response.headers.get('x-galley-served-by'), 'sentiment-other/1');
  assert.match(response.headers.get('x-galley-explain') ?? '', /the rows have different labels/);
});

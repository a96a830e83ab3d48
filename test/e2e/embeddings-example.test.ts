import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import OpenAI from 'openai';
import { PROJECT, RunningServer } from '../support/running-server.ts';

/** Sentences of one meaning are so much nearer to each other than to any other, as cosine. */
const MARGIN = 0.15;

let server: RunningServer;
before(async () => {
  server = await RunningServer.start(['examples/embeddings']);
});
after(async () => server.stop());

test('sentences of one meaning are nearer to each other than to those of another, by a wide margin', async () => {
  const pairs = [
    ['A man plays the guitar.', 'Someone is making music on a piano.'],
    ['Share prices fell sharply today.', 'The stock market has lost three percent.'],
    ['The patient was treated in hospital.', 'Doctors gave her medicine for the disease.'],
    ['They scored a goal in the final minute.', 'The team won the football match.'],
    ['Heavy rain is expected tomorrow.', 'The weather will be stormy and cold.'],
  ];
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none' });
  const { data } = await client.embeddings.create({ model: 'sentences', input: pairs.flat() });
  const cosine = (a: number, b: number) =>
    (data[a]?.embedding ?? []).reduce((sum, value, axis) => sum + value * (data[b]?.embedding[axis] ?? 0), 0);
  for (const index of data.keys()) {
    const partner = index ^ 1;
    const others = [...data.keys()].filter((other) => other !== index && other !== partner);
    const nearest = Math.max(...others.map((other) => cosine(index, other)));
    assert.ok(
      cosine(index, partner) > nearest + MARGIN,
      `'${pairs.flat()[index]}' ${cosine(index, partner)} ${nearest}`,
    );
  }
});

for (const [question, article] of [
  ['my parcel is late', 'Track a parcel that has not been delivered'],
  ['how do I reset my login code', 'Change or recover your password'],
  ['any vacancies for programmers', 'Apply for a job at our company'],
] as const) {
  test(`the example finds the article for '${question}'`, async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['examples/embeddings/search.js', question, server.url],
      { cwd: PROJECT },
    );
    assert.match(stdout.split('\n')[0] ?? '', new RegExp(`^0\\.\\d\\d {2}${article}$`));
  });
}

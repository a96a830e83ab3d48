// Finds the article of a help centre that answers a question, by meaning instead of words, with OpenAI's client:
//   npx galley serve examples/embeddings
//   npm install openai
//   node examples/embeddings/search.js "my parcel is late"
import OpenAI from 'openai';

const ARTICLES = [
  'Change or recover your password',
  'Track a parcel that has not been delivered',
  'Return an item and get your money back',
  'Pay by credit card or bank transfer',
  'Cancel your subscription',
  'Repair a broken screen',
  'Opening hours of our shops on holidays',
  'Apply for a job at our company',
];

const [question = 'my parcel is late', url = 'http://127.0.0.1:8000'] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none' });

const { data } = await client.embeddings.create({ model: 'sentences', input: [question, ...ARTICLES] });
const [asked, ...articles] = data.map(({ embedding }) => embedding);
const found = ARTICLES.map((article, index) => ({ article, similarity: dot(asked, articles[index]) }));
found.sort((a, b) => b.similarity - a.similarity);
for (const { article, similarity } of found.slice(0, 3)) {
  console.log(`${similarity.toFixed(2)}  ${article}`);
}

/** The cosine of the angle between two vectors of length 1. */
function dot(a, b) {
  return a.reduce((sum, value, index) => sum + value * b[index], 0);
}

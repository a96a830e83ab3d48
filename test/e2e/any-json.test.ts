import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createServer, type RunningServer } from '../../src/index.ts';
import { TEST_MODELS } from '../support/running-server.ts';
import { anyRequest, type Drawn } from './any-json.ts';

/** Number of drawn requests, and how many of them are in flight at once. */
const DRAWS = 10_000;
const AT_ONCE = 20;

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
let server: RunningServer;
before(async () => {
  const model = (name: string) => ({ path: join(TEST_MODELS, name), outputs: { finite: 'off' as const } });
  server = await createServer({
    settings: {
      ...{ port: 0, log: { level: 'silent' }, recorder: { enabled: false } },
      models: { echo: model('echo'), 'many-kinds': model('many-kinds') },
    },
  });
});
after(async () => {
  agent.destroy();
  await server.stop();
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

async function send({ method, path, headers, body }: Drawn): Promise<Answered> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const req = request(
      {
        ...{ agent, host: hostname, port, method, path, timeout: 20_000 },
        headers: { ...headers, 'content-length': body.byteLength },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      },
    );
    req.on('timeout', () => req.destroy(new Error('no answer in 20 s')));
    req.on('error', reject);
    req.end(body);
  });
}

/** What is wrong with an answer; undefined when any request may get it. */
function problemOf({ status, text }: Answered): string | undefined {
  if (status === 200) return undefined;
  // A drawn timeout may be shorter than any answer takes.
  if (status !== 504 && (status < 400 || status > 499)) return `${status} ${text.slice(0, 200)}`;
  const { error } = JSON.parse(text) as { error?: string | { message?: string } };
  const words = typeof error === 'object' ? error.message : error;
  return typeof words === 'string' && words.length > 10
    ? undefined
    : `${status} without words: ${text.slice(0, 200)}`;
}

test(`${DRAWS} requests with any JSON at any place: each is answered or refused with a message, and the server stays live`, async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(anyRequest, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (drawn) => {
      const answers = await Promise.all(drawn.map(send));
      answers.forEach((answer, index) => {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        const problem = problemOf(answer);
        const { body, ...rest } = drawn[index] as Drawn;
        assert.equal(problem, undefined, `${problem} for ${JSON.stringify(rest)} ${body.toString('latin1')}`);
      });
    }),
    { numRuns: DRAWS / AT_ONCE, endOnFailure: true },
  );
  // Draws that are all refused, or all answered, prove nothing.
  for (const [status, share] of [
    [200, 0.1],
    [400, 0.3],
    [404, 0.01],
    [405, 0.01],
  ] as const) {
    assert.ok(
      (statuses.get(status) ?? 0) > share * DRAWS,
      `too few ${status} in ${JSON.stringify([...statuses])}`,
    );
  }
  const whole = Buffer.from('{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}');
  assert.equal(
    (await send({ method: 'POST', path: '/v2/models/echo/infer', headers: {}, body: whole })).status,
    200,
  );
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/base/random.ts';
import { createServer } from '../../src/index.ts';

const MODEL = fileURLToPath(new URL('../../../examples/models/digits', import.meta.url));
const CONVERSATIONS = 6_000;
/** Conversations at the same time. */
const AT_ONCE = 32;
const PATIENCE_MS = 20_000;
/** The same where a server may wait for the rest of a body, and sends no answer. */
const SHORT_PATIENCE_MS = 400;
const ENDING = Buffer.from('GET /v2/health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');

async function start(fastLane: boolean) {
  return createServer({
    settings: {
      ...{ port: 0, log: { level: 'silent' }, http: { fastLane }, maxBodyBytes: 100_000 },
      // Alone, because the numbers of an answer differ in their last bits with the size of the batch.
      models: { digits: { path: MODEL, replicas: 1, batching: { maxBatchSize: 1 } } },
    },
  });
}

const servers = await Promise.all([start(true), start(false)]);
after(async () => Promise.all(servers.map(async (server) => server.stop())));
const random = seededRandom(7);

function pick<T>(choices: readonly T[]): T {
  return choices[Math.floor(random.unit() * choices.length)] as T;
}

function often(share: number): boolean {
  return random.unit() < share;
}

const VALUES = Buffer.from(new Float32Array(784).fill(0.5).buffer);

function binaryBody(): { head: Buffer; body: Buffer } {
  const values = often(0.9) ? VALUES : VALUES.subarray(0, pick([0, 3, 4, 3132]));
  const input = {
    ...{ name: often(0.95) ? 'image' : 'wrong', shape: [1, often(0.95) ? 784 : 3], datatype: 'FP32' },
    parameters: { binary_data_size: values.byteLength },
  };
  const outputs = often(0.1) ? { outputs: [{ name: pick(['probabilities', 'no such']) }] } : {};
  const head = Buffer.from(
    JSON.stringify({ parameters: { binary_data_output: often(0.7) }, inputs: [input], ...outputs }),
  );
  return { head, body: Buffer.concat([head, values]) };
}

function jsonBody(): Buffer {
  const data = new Array(784).fill(0.25);
  const whole = JSON.stringify({ inputs: [{ name: 'image', shape: [1, 784], datatype: 'FP32', data }] });
  return Buffer.from(
    pick([whole, whole, whole, '{}', '', '{"inputs":', JSON.stringify({ instances: [data] })]),
  );
}

const PATHS = [
  '/v2/models/digits/infer',
  '/v2/models/digits/versions/1/infer',
  '/v1/models/digits:predict',
  '/v2/models/nothing/infer',
  '/v2/models/digits/versions/9/infer',
  '/v2/models/%64igits/infer',
  '/v2/models/digits/infer?a=b',
  '/v2/models/digits/infer/',
  'http://b/v2/models/digits/infer',
  '/v2/models/digits',
  '/v2',
  '/nothing',
  '//v2/models/digits/infer',
];
const ODD_FIELDS = [
  'Host: b',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Content-Length: 3',
  'Content-Encoding: gzip',
  'Content-Encoding: br',
  'Content-Encoding: identity',
  'X-Folded: a\r\n b',
  'X-Empty:',
  'X-Tab:\ta\tb',
  'X-High: \u00e9',
  'X Space: a',
  'X-Colon : a',
  'X_Under: a',
  '__proto__: a',
  'constructor: a',
  'Accept: */*',
  'Accept-Encoding: gzip',
  'x-request-timeout-ms: 5000',
  'x-request-timeout-ms: never',
  'x-galley-tenant: someone',
  'x-galley-tenant: not a name!',
  'Trailer: a',
  'TE: trailers',
  'Cookie: a=b',
  'Cookie: c=d',
  'X-Bare: a\nb',
  'X-Null: a\0b',
  'Proxy-Connection: keep-alive',
  'Inference-Header-Content-Length: -1',
  'Inference-Header-Content-Length: 999999',
];

function chunked(body: Buffer): Buffer {
  const at = Math.floor(body.byteLength / 2);
  const parts = [body.subarray(0, at), body.subarray(at)].filter((part) => part.byteLength > 0);
  const framed = parts.flatMap((part) => [`${part.byteLength.toString(16)}\r\n`, part, '\r\n']);
  return Buffer.concat([...framed, '0\r\n\r\n'].map((part) => Buffer.from(part)));
}

/** A request that is plain, or odd in one or two ways. One that announces a wrong length leaves its connection useless. */
function drawRequest(): { readonly bytes: Buffer; readonly isOdd: boolean; readonly isUseless: boolean } {
  const isBinary = often(0.7);
  const { head, body: binary } = binaryBody();
  let body = isBinary ? binary : jsonBody();
  const fields = [pick(['Host: a', 'host: a', 'HOST:  a ', 'Host:a'])];
  if (isBinary) fields.push(`Inference-Header-Content-Length: ${head.byteLength}`);
  if (often(0.5)) fields.push('Content-Type: application/octet-stream');
  const odd = often(0.5) ? [] : [pick(ODD_FIELDS), ...(often(0.2) ? [pick(ODD_FIELDS)] : [])];
  let isUseless = false;
  const isChunked = odd.includes('Transfer-Encoding: chunked');
  if (isChunked) body = chunked(body);
  else {
    const { byteLength } = body;
    const wrong = [byteLength + 1, `0${byteLength}`, `+${byteLength}`, 'x', '', 200_000, undefined];
    isUseless = often(0.05);
    const length = isUseless ? pick(wrong) : byteLength;
    // A second length that is shorter leaves garbage: the answer before it is sent by one reader only.
    if (length !== undefined || odd.includes('Content-Length: 3'))
      fields.push(`Content-Length: ${length ?? byteLength}`);
  }
  for (const field of odd) fields.splice(Math.floor(random.unit() * (fields.length + 1)), 0, field);
  if (often(0.02)) fields.splice(0, 1);
  const method = often(0.96) ? 'POST' : pick(['GET', 'post', 'PUT', 'OPTIONS', 'P OST']);
  const version = often(0.97) ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', '']);
  const line = `${method} ${often(0.7) ? PATHS[0] : pick(PATHS)} ${version}`;
  const lineEnd = often(0.9) ? '\r\n' : '\n';
  const text = `${[line, ...fields].join(lineEnd)}\r\n\r\n`;
  const isOdd =
    isUseless || odd.length > 0 || lineEnd === '\n' || !line.startsWith(`POST ${PATHS[0]} HTTP/1.1`);
  return { bytes: Buffer.concat([Buffer.from(text, 'latin1'), body]), isOdd, isUseless };
}

/** What a client sends before it waits for answers. */
interface Turn {
  readonly pieces: readonly Buffer[];
  readonly answers: number;
  readonly patienceMs: number;
}

/** One request a turn; or several plain ones that are sent without waiting. */
function drawConversation(): readonly Turn[] {
  const length = pick([1, 1, 2, 3]);
  if (often(0.1)) {
    const bytes = Buffer.concat(Array.from({ length }, plainRequest));
    return [turnOf(bytes, length, PATIENCE_MS), LAST_TURN];
  }
  const turns: Turn[] = [];
  while (turns.length < length) {
    const { bytes, isOdd, isUseless } = drawRequest();
    const patienceMs = isUseless ? SHORT_PATIENCE_MS : PATIENCE_MS;
    // In one piece, because a client that writes to a closed connection may lose the answer that says why.
    turns.push(isOdd ? { pieces: [bytes], answers: 1, patienceMs } : turnOf(bytes, 1, patienceMs));
    if (isUseless) return turns;
  }
  return [...turns, LAST_TURN];
}

const LAST_TURN: Turn = { pieces: [ENDING], answers: 1, patienceMs: PATIENCE_MS };

function turnOf(bytes: Buffer, answers: number, patienceMs: number): Turn {
  const length = pick([bytes.byteLength, bytes.byteLength, 4_000, 700, 100, 1_500]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; at += length) pieces.push(bytes.subarray(at, at + length));
  return { pieces, answers, patienceMs };
}

function plainRequest(): Buffer {
  const { head, body } = binaryBody();
  const fields = `Host: a\r\nInference-Header-Content-Length: ${head.byteLength}\r\nContent-Length: ${body.byteLength}`;
  return Buffer.concat([Buffer.from(`POST ${PATHS[0]} HTTP/1.1\r\n${fields}\r\n\r\n`), body]);
}

/** Sends the turns and returns all that comes back, and whether the connection was reset. */
async function converse(
  url: string,
  turns: readonly Turn[],
): Promise<{ received: string; isReset: boolean }> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  let received = '';
  let isReset = false;
  let look = () => {};
  socket.on('error', () => {
    isReset = true;
  });
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    look();
  });
  socket.on('close', () => look());
  for (const { pieces, answers, patienceMs } of turns) {
    // What is sent after that is refused or ignored, depending on when it arrives.
    if (/^connection: close/im.test(received)) break;
    const before = received.length;
    for (const piece of pieces) {
      if (socket.destroyed) break;
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise(setImmediate);
    }
    await new Promise<void>((resolve) => {
      look = () => {
        if (socket.destroyed || countAnswers(received.slice(before)) >= answers) resolve();
      };
      socket.setTimeout(patienceMs, resolve);
      look();
    });
  }
  socket.destroy();
  return { received: received.replaceAll(/^Date: .*$/gm, 'Date: *'), isReset };
}

/** A reset discards what the client has not read yet, the answer included; such a conversation is held again. */
async function converseTwice(turns: readonly Turn[], attempts = 5): Promise<readonly string[]> {
  const both = await Promise.all(servers.map(async ({ url }) => converse(url, turns)));
  const isSame = both[0]?.received === both[1]?.received;
  if (isSame || attempts === 1 || !both.some(({ isReset }) => isReset))
    return both.map(({ received }) => received);
  return converseTwice(turns, attempts - 1);
}

/** Complete answers in a text; an interim one does not count. */
function countAnswers(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\r\n\r\n', at) + 4;
    if (end < 4) return count;
    const head = text.slice(at, end);
    at = end + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (at > text.length) return count;
    if (!head.startsWith('HTTP/1.1 1')) count += 1;
  }
  return count;
}

function shown(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/(\0\0\0\?)+/g, '<values>')
    .replaceAll(/(0.25,)+/g, '<data>');
}

test(`${CONVERSATIONS} drawn conversations have the same answers from both readers of HTTP`, async () => {
  const different: string[] = [];
  const statuses = new Map<string, number>();
  let requests = 0;
  const run = async () => {
    while (requests < CONVERSATIONS && different.length < 3) {
      requests += 1;
      const turns = drawConversation();
      const [fast, node] = await converseTwice(turns);
      for (const [, status = ''] of fast?.matchAll(/^HTTP\/1\.1 (\d+)/gm) ?? []) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      if (fast === node) continue;
      const sent = turns.map(({ pieces }) => pieces.map((piece) => shown(piece)).join('|')).join('\n--\n');
      different.push(`sent:\n${sent}\nfast lane:\n${fast}\nnode:http:\n${node}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, run));
  assert.deepEqual(different, []);
  // The draw reaches what it is meant to reach.
  for (const status of ['200', '400', '404', '405', '413', '415']) {
    assert.ok((statuses.get(status) ?? 0) >= 10, JSON.stringify([...statuses]));
  }
});

test('a client that ends its side has no answer from either reader', async () => {
  const whole = plainRequest();
  for (const { url } of servers) {
    for (const bytes of [whole, whole.subarray(0, 2_000), whole.subarray(0, 20)]) {
      const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
      });
      socket.end(bytes);
      await once(socket, 'end');
      socket.destroy();
      const status = received.slice(0, 15);
      assert.equal(status, bytes === whole ? '' : 'HTTP/1.1 400 Ba', url);
    }
  }
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { announce, BesiegedServer } from '../support/besieged-server.ts';
import { rawRequest } from '../support/raw-http.ts';

const INFER = '/v2/models/echo/infer';
const SIZE = 60_000_000;

let besieged: BesiegedServer;
before(async () => {
  besieged = await BesiegedServer.start(['echo', 'many-kinds']);
});
after(async () => besieged.stop());

function bomb(part: string, join = ','): Buffer {
  const head = '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[';
  return Buffer.from(
    `${head}${`${part}${join}`.repeat(Math.floor(SIZE / (part.length + join.length)))}1]}]}`,
  );
}

/** A valid request of 200 KB of JSON, which a codec thread reads. */
function mediumRequest(): Buffer {
  const data = Array.from({ length: 40_000 }, (_, index) => index / 8);
  const input = { name: 'x', shape: [1, data.length], datatype: 'FP32', data };
  return rawRequest('POST', INFER, JSON.stringify({ inputs: [input], outputs: [{ name: 'parameters' }] }));
}

const BOMBS: readonly (readonly [string, () => Buffer, number])[] = [
  ['one number of many digits', () => bomb('1'.repeat(1_000), ''), 400],
  ['a fraction of many digits', () => bomb(`0.${'1'.repeat(2_000)}`, ''), 400],
  ['empty objects', () => bomb('{}'), 413],
  ['empty lists', () => bomb('[]'), 413],
  ['lists of one', () => bomb('[1]'), 413],
  [
    'one object with many members',
    () => Buffer.from(`{"parameters":{${bomb('"a":1').toString().slice(63, -3)}}}`),
    413,
  ],
  ['short numbers', () => bomb('1'), 413],
  ['long numbers', () => bomb('123456789012345678'), 400],
  ['empty texts', () => bomb('""'), 413],
  [
    'a shape with many sizes',
    () =>
      Buffer.from(
        `{"inputs":[{"name":"x","datatype":"FP32","data":[1],"shape":[${'1,'.repeat(5_000_000)}1]}]}`,
      ),
    400,
  ],
  ['an id of many letters', () => Buffer.from(`{"id":"${'a'.repeat(SIZE)}","inputs":[]}`), 400],
  [
    'many useless inputs',
    () => Buffer.from(`{"inputs":[${'{"name":"x"},'.repeat(100_000)}{"name":"x"}]}`),
    400,
  ],
];

for (const [name, make, status] of BOMBS) {
  test(`${name}: refused, and valid requests of 200 KB are served`, async () => {
    const body = make();
    await besieged.withstand(
      async () => {
        const answers = await Promise.all(
          Array.from({ length: 3 }, async () => besieged.send(announce(INFER, body.byteLength), body)),
        );
        for (const answer of answers) {
          // The third may exceed the share of its address.
          assert.ok(answer.status === status || answer.status === 503, answer.text.slice(0, 500));
          assert.ok(answer.text.length < 2_000, 'a short answer');
        }
        assert.ok(answers.some((answer) => answer.status === status));
      },
      { honest: mediumRequest() },
    );
  });
}

test('a request whose deadline passes while it is read is answered 504 at its deadline', async () => {
  const body = bomb('123456789012345678');
  const { status, ms, text } = await besieged.send(
    announce(INFER, body.byteLength, 'x-request-timeout-ms: 300\r\n'),
    body,
  );
  assert.equal(status, 504, text);
  assert.ok(ms < 3_000, `${ms}`);
});

test('clients that leave while their body is read free the thread', async () => {
  const body = bomb('123456789012345678');
  await besieged.withstand(
    async () => {
      for (let index = 0; index < 10; index++) {
        const socket = besieged.connect();
        socket.write(announce(INFER, body.byteLength));
        await new Promise((resolve) => socket.write(body, resolve));
        socket.destroy();
      }
    },
    { honest: mediumRequest() },
  );
});

test('a large BYTES body is parsed off the event loop', async () => {
  const zeros = Buffer.alloc(SIZE);
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'x', shape: [SIZE / 4], datatype: 'BYTES', parameters: { binary_data_size: SIZE } }],
    }),
  );
  for (const model of ['echo', 'many-kinds']) {
    await besieged.withstand(async () => {
      const headers = `inference-header-content-length: ${head.byteLength}\r\n`;
      const path = `/v2/models/${model}/infer`;
      const answers = await Promise.all(
        Array.from({ length: 3 }, async () =>
          besieged.send(announce(path, head.byteLength + SIZE, headers), head, zeros),
        ),
      );
      for (const { status, text } of answers) assert.ok(status === 400 || status === 503, text.slice(0, 300));
    });
  }
});

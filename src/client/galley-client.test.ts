import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { GalleyClient, UnreadableAnswerError } from './index.ts';

/** A client of a server with the given answer. */
async function withServer(
  listener: RequestListener,
  use: (client: GalleyClient) => Promise<void>,
): Promise<void> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(new GalleyClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const INPUT = { name: 'x', datatype: 'FP32', shape: [1], data: [1] } as const;

test('an answer in exact JSON is read to the last digit, and parameters are sent exactly', async () => {
  let received = '';
  await withServer(
    (req, res) => {
      req.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
      });
      req.on('end', () =>
        res.end(
          '{"model_name":"m","model_version":"1","outputs":[' +
            '{"name":"i","datatype":"INT64","shape":[1],"data":[9223372036854775807]},' +
            '{"name":"f","datatype":"FP32","shape":[3],"data":[Infinity,NaN,-0.0]}]}',
        ),
      );
    },
    async (client) => {
      const { outputs } = await client.infer('m', [INPUT], {
        parameters: { big: 2n ** 64n, nested: [{ a: null }] },
      });
      assert.deepEqual(
        outputs.map(({ data }) => data),
        [BigInt64Array.of(2n ** 63n - 1n), Float32Array.of(Number.POSITIVE_INFINITY, Number.NaN, -0)],
      );
    },
  );
  assert.match(received, /"big":18446744073709551616,"nested":\[\{"a":null\}\]/);
});

for (const [what, text] of [
  ['not JSON', '<html>hello</html>'],
  ['not an object', 'null'],
  ['without outputs', '{"model_name":"m"}'],
  ['of an unknown datatype', '{"outputs":[{"name":"y","datatype":"FP8","shape":[1],"data":[1]}]}'],
  ['with too few elements', '{"outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]}'],
  [
    'with fewer bytes than it says',
    '{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}',
  ],
] as const) {
  test(`an answer that is ${what} rejects with UnreadableAnswerError`, async () => {
    await withServer(
      (_, res) => res.end(text),
      async (client) => {
        await assert.rejects(client.infer('m', [INPUT]), UnreadableAnswerError);
      },
    );
  });
}

test('an answer whose bytes do not match its shape is refused', async () => {
  const head = '{"outputs":[{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":4}}]}';
  await withServer(
    (_, res) => {
      res.setHeader('inference-header-content-length', head.length);
      res.end(Buffer.concat([Buffer.from(head), Buffer.alloc(4)]));
    },
    async (client) => {
      await assert.rejects(client.infer('m', [INPUT]), {
        name: 'UnreadableAnswerError',
        message: /has 1 elements/,
      });
    },
  );
});

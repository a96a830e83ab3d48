// The same application with the model in its own process: every other request waits while it computes.
//     node examples/fastify/before.js
import { join } from 'node:path';
import fastify from 'fastify';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create(
  join(import.meta.dirname, '../embedded/models/features/model.onnx'),
  { intraOpNumThreads: 1, interOpNumThreads: 1 },
);

const app = fastify();
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.get('/health', () => 'ok');
app.post('/features', async ({ body }) => {
  const image = new Tensor('uint8', Uint8Array.from(body), [1, 3, 224, 224]);
  const { features } = await session.run({ image });
  return [...features.data];
});

await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
process.once('SIGTERM', () => app.close());

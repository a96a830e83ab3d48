// A Fastify application that describes pictures. The model runs in a process of its own.
//     node examples/fastify/app.js
import { join } from 'node:path';
import fastify from 'fastify';
import { createGalley } from 'galley';

const galley = await createGalley({ from: join(import.meta.dirname, '../embedded/galley.yaml') });

const app = fastify();
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.get('/health', () => 'ok');
// 224 × 224 pixels, the red ones first, then the green and the blue ones.
app.post('/features', async ({ body }) => {
  const { features } = await galley.infer('features', { image: { shape: [1, 3, 224, 224], data: body } });
  return [...features.data];
});
// The Open Inference Protocol, metrics and the admin API: /models/v2/models/features
app.register(galley.fastify, { prefix: '/models' });
app.addHook('onClose', () => galley.close());

await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
process.once('SIGTERM', () => app.close());

// An Express application that describes pictures. The model runs in a process of its own.
//     node examples/express/app.js
import { join } from 'node:path';
import express from 'express';
import { createGalley } from 'galley';

const galley = await createGalley({ from: join(import.meta.dirname, '../embedded/galley.yaml') });

const app = express();
app.get('/health', (_req, res) => res.send('ok'));
// 224 × 224 pixels, the red ones first, then the green and the blue ones.
app.post('/features', express.raw({ type: '*/*', limit: '1mb' }), async (req, res) => {
  const { features } = await galley.infer('features', { image: { shape: [1, 3, 224, 224], data: req.body } });
  res.json([...features.data]);
});
// The Open Inference Protocol, metrics and the admin API: /models/v2/models/features
app.use('/models', galley.handler);

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
process.once('SIGTERM', () => server.close(() => galley.close()));

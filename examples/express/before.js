// The same application with the model in its own process: every other request waits while it computes.
//     node examples/express/before.js
import { join } from 'node:path';
import express from 'express';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create(
  join(import.meta.dirname, '../embedded/models/features/model.onnx'),
  { intraOpNumThreads: 1, interOpNumThreads: 1 },
);

const app = express();
app.get('/health', (_req, res) => res.send('ok'));
app.post('/features', express.raw({ type: '*/*', limit: '1mb' }), async (req, res) => {
  const image = new Tensor('uint8', Uint8Array.from(req.body), [1, 3, 224, 224]);
  const { features } = await session.run({ image });
  res.json([...features.data]);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
process.once('SIGTERM', () => server.close());

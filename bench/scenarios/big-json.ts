import { alternate, atMost, type Scenario } from '../scenario.ts';
import { closedLoop, Workbench } from '../workbench.ts';

const HEALTH = { method: 'GET', path: '/health/live' };
const CLIENTS = 4;
const MEASURE_MS = 3_000;

/** Whether large JSON delays other requests: p99 of the health check under this load over p99 on an idle server. */
export const bigJson: Scenario = async (say) => {
  const bench = new Workbench(['image-json']);
  try {
    const galley = await bench.galley('image-json', { replicas: 1, batching: { maxBatchSize: 8 } });
    const image = imageRequest();
    let images = 0;
    const { ratios, ours, limit } = await alternate(
      async () => {
        const [health, posts] = await Promise.all([
          closedLoop(galley, HEALTH, 1, MEASURE_MS, 1_000),
          closedLoop(galley, image, CLIENTS, MEASURE_MS + 500, 800),
        ]);
        images = posts.ratePerSecond;
        return health.latencyMs.p99;
      },
      async () => (await closedLoop(galley, HEALTH, 1, MEASURE_MS, 500)).latencyMs.p99,
      say,
    );
    return atMost(20, ratios, {
      loadedP99Ms: ours,
      idleP99Ms: limit,
      imagesPerSecond: images,
      imageMegabytes: Buffer.from(image.bodyBase64, 'base64').byteLength / 1e6,
    });
  } finally {
    await bench.close();
  }
};

/** A picture of 224 x 224 pixels in three colours, with all digits as numeric libraries write them: 3 MB. */
function imageRequest() {
  const data = Array.from({ length: 3 * 224 * 224 }, (_, index) => (index % 257) / 257 + 1e-7);
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 3, 224, 224], datatype: 'FP32', data }] });
  return {
    method: 'POST',
    path: '/v2/models/image-json/infer',
    bodyBase64: Buffer.from(body).toString('base64'),
  };
}

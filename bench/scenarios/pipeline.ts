import { Agent, request } from 'node:http';
import { atMost, median, type Scenario, shown } from '../scenario.ts';
import { binaryRequest, type Contender, closedLoop, moduleFolder, Workbench } from '../workbench.ts';

/** For both ways. */
const AIM = 1.15;
const BLOCKS = 9;
const ROUNDS = 40;
const STEPS = {
  steps: [
    { model: 'waiting', outputs: { y: 'mid' } },
    { model: 'second', inputs: { x: 'mid' } },
  ],
};

/**
 * The time of two models of 5 ms in a row, as a pipeline and as a model that calls both, as a multiple of the time of a
 * client that calls one after the other. They take turns, request by request.
 */
export const pipeline: Scenario = async (say) => {
  const bench = new Workbench([]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const path = moduleFolder('waiting');
    const models = {
      second: { path },
      chained: { path: moduleFolder('chained') },
      both: { pipeline: STEPS },
    };
    const galley = await bench.galley('waiting', {}, { models });
    const timeOf = async (...names: readonly string[]) => {
      const startedAt = performance.now();
      for (const name of names) await send(galley, agent, name);
      return performance.now() - startedAt;
    };
    const ratios: { both: number[]; chained: number[] } = { both: [], chained: [] };
    const partsMs: number[] = [];
    for (let block = 0; block < BLOCKS; block++) {
      const times: { parts: number[]; both: number[]; chained: number[] } = {
        parts: [],
        both: [],
        chained: [],
      };
      for (let round = 0; round < ROUNDS; round++) {
        times.parts.push(await timeOf('waiting', 'second'));
        times.both.push(await timeOf('both'));
        times.chained.push(await timeOf('chained'));
      }
      const parts = median(times.parts);
      partsMs.push(parts);
      ratios.both.push(median(times.both) / parts);
      ratios.chained.push(median(times.chained) / parts);
      say(`block ${block + 1}: pipeline ${shown(ratios.both.at(-1))}, calls ${shown(ratios.chained.at(-1))}`);
    }
    const rateOf = async (model: string) =>
      (await closedLoop(galley, binaryRequest(model, [1, 4]), 32, 1_000, 300)).ratePerSecond;
    const callsRatio = median(ratios.chained);
    const result = atMost(AIM, ratios.both, {
      ...{ callsRatio, partsMs: median(partsMs) },
      pipelinePerSecond: await rateOf('both'),
      callsPerSecond: await rateOf('chained'),
      stepPerSecond: await rateOf('waiting'),
    });
    return { ...result, isMet: result.isMet && callsRatio <= AIM };
  } finally {
    agent.destroy();
    await bench.close();
  }
};

async function send({ port }: Contender, agent: Agent, model: string): Promise<void> {
  const { method, path, headers, bodyBase64 } = binaryRequest(model, [1, 4]);
  const body = Buffer.from(bodyBase64 ?? '', 'base64');
  await new Promise<void>((resolve, reject) => {
    const sent = request({ ...{ port, agent, method, path }, headers: { ...headers } }, (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

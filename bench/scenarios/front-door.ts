import type { JobRequest } from '../../src/load/load-job.ts';
import { alternate, atLeast, median, type Scenario } from '../scenario.ts';
import {
  binaryRequest,
  type Contender,
  closedLoop,
  jsonRequest,
  mainThreadMs,
  Workbench,
} from '../workbench.ts';

const WARM_MS = 8_000;
const BLOCK_MS = 2_000;

/** The rate of Galley with a trivial model as a fraction of the rate of a minimal server. */
export const frontDoor: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const galley = await bench.galley('trivial', { replicas: 1 });
    const request = binaryRequest('trivial', [1, 784]);
    const { firstAnswer } = await closedLoop(galley, request, 1, 200);
    const bytes = Buffer.from(firstAnswer?.bodyBase64 ?? '', 'base64').byteLength;
    return await compare(1.1, { galley, bare: await bench.nullServer({ bytes }), request }, say);
  } finally {
    await bench.close();
  }
};

/** The same with JSON both ways, over a minimal server that parses and prints the same numbers. */
export const frontDoorJson: Scenario = async (say) => {
  const bench = new Workbench(['echo']);
  try {
    const galley = await bench.galley('echo', { replicas: 1 });
    const bare = await bench.nullServer({ echoes: true });
    return await compare(0.75, { galley, bare, request: jsonRequest('echo') }, say);
  } finally {
    await bench.close();
  }
};

interface Compared {
  readonly galley: Contender;
  readonly bare: Contender;
  readonly request: JobRequest;
}

async function compare(
  aim: number,
  { galley, bare, request }: Compared,
  say: Parameters<Scenario>[0],
): ReturnType<Scenario> {
  // Both are measured in steady state: the JIT compiler takes seconds to optimise the hot code.
  for (const contender of [galley, bare]) await closedLoop(contender, request, 64, WARM_MS);
  const costs = { galley: [] as number[], bare: [] as number[] };
  const rate = (contender: Contender, cost: number[]) => async () => {
    const before = mainThreadMs(contender);
    const { ratePerSecond, requests } = await closedLoop(contender, request, 64, BLOCK_MS, 0);
    cost.push(((mainThreadMs(contender) - before) / requests) * 1_000);
    return ratePerSecond;
  };
  const measured = await alternate(rate(galley, costs.galley), rate(bare, costs.bare), say);
  const [galleyThreadUs, bareThreadUs] = [median(costs.galley), median(costs.bare)];
  return atLeast(aim, measured.ratios, {
    ...{ galleyPerSecond: measured.ours, barePerSecond: measured.limit },
    // Processor time of the thread that reads and answers: who shares the cores does not change it much.
    ...{ galleyThreadUs, bareThreadUs, threadRatio: galleyThreadUs / bareThreadUs },
  });
}

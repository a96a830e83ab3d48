import { serveTogether } from '../support/model-farm.ts';
import { type ProvenGraph, provenGraph, roundingOf } from '../support/onnx/proven-graph.ts';
import type { RunningServer } from '../support/running-server.ts';
import { differenceOf } from '../support/same-tensors.ts';
import { askBinary, type TensorAnswer } from '../support/tensor-asking.ts';
import { rowsJudgement } from './rows-judgement.ts';

export interface MergingPlan {
  readonly seed: string;
  readonly graphs: number;
  readonly from: number;
  /** Models of one server. */
  readonly perServer: number;
}

/** The result of one graph. */
export interface GraphResult {
  readonly name: string;
  readonly isHonest: boolean;
  readonly steps: readonly string[];
  /** The server's result on row independence. */
  readonly word: string;
  readonly areMerged: boolean;
  /** Whether concurrent requests shared batches. */
  readonly didShare: boolean;
  readonly problem: Problem | undefined;
}

export interface Problem {
  readonly kind: 'not served' | 'refused alone' | 'wrong alone' | 'refused together' | 'wrong together';
  readonly detail: string;
}

/** Long enough that all concurrent requests share one batch. */
const SETTINGS = 'batching: {maxWaitMs: 15}, outputs: {finite: off}';

/** Serves random graphs, every second one honest, and compares answers given alone with answers given together. */
export async function runMerging(
  { seed, graphs, from, perServer }: MergingPlan,
  progress: (result: GraphResult) => void = () => {},
): Promise<GraphResult[]> {
  const results: GraphResult[] = [];
  const add = (result: GraphResult) => {
    results.push(result);
    progress(result);
  };
  for (let start = from; start < from + graphs; start += perServer) {
    const end = Math.min(from + graphs, start + perServer);
    const models: ProvenGraph[] = [];
    for (let index = start; index < end; index++)
      models.push(await provenGraph(`${seed}-${index}`, index % 2 === 0));
    await serveTogether(models, {
      settings: SETTINGS,
      serve: async (server, served) => {
        // Each model gets one request at a time here, so the batching delays of all models pass in parallel.
        const alone = await Promise.all(served.map(async (graph) => askAlone(server, graph)));
        for (const [index, graph] of served.entries()) add(await tryGraph(server, graph, alone[index] ?? []));
      },
      refused: ({ name, isHonest, steps }, detail) =>
        add({
          ...{ name, isHonest, steps, word: 'not served', areMerged: false, didShare: false },
          problem: { kind: 'not served', detail },
        }),
    });
  }
  return results;
}

async function askAlone({ url }: RunningServer, { name, requests }: ProvenGraph): Promise<TensorAnswer[]> {
  const answers: TensorAnswer[] = [];
  for (const request of requests) answers.push(await askBinary(url, name, request));
  return answers;
}

async function tryGraph(
  { url }: RunningServer,
  graph: ProvenGraph,
  answers: readonly TensorAnswer[],
): Promise<GraphResult> {
  const { name, isHonest, steps, requests } = graph;
  const before = await rowsJudgement(url, name);
  const together = await Promise.all(requests.map(async (request) => askBinary(url, name, request)));
  const after = await rowsJudgement(url, name);
  return {
    ...{ name, isHonest, steps, word: after.word ?? 'not said', areMerged: after.areMerged },
    didShare: after.batches - before.batches < requests.length,
    problem: problemOf('alone', answers, graph) ?? problemOf('together', together, graph),
  };
}

function problemOf(
  how: 'alone' | 'together',
  answers: readonly TensorAnswer[],
  graph: ProvenGraph,
): Problem | undefined {
  const wrong = answers.flatMap((answer, index): Problem[] => {
    if ('error' in answer) return [{ kind: `refused ${how}`, detail: `${answer.status} ${answer.error}` }];
    const detail = differenceOf(answer.outputs, graph.alone[index] ?? [], roundingOf(graph));
    return detail === undefined ? [] : [{ kind: `wrong ${how}`, detail }];
  });
  const [first] = wrong;
  return first && { ...first, detail: `${wrong.length} of ${answers.length}: ${first.detail}` };
}

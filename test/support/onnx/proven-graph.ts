import { seededRandom } from '../../../src/base/random.ts';
import { gatherRows } from '../../../src/tensor/rows.ts';
import { flatten, segmentsOf } from '../../../src/tensor/segments.ts';
import { elementsOf } from '../numbers-of.ts';
import { type Allowance, differenceOf } from '../same-tensors.ts';
import type { PlainTensor } from '../tensor-asking.ts';
import { giveDifferentAnswers, sliceRows } from './different-answers.ts';
import { type RandomGraph, randomGraph } from './random-graph.ts';
import { randomRequests } from './random-request.ts';
import { LoneModel } from './run-alone.ts';

/** A graph whose row independence or dependence has been verified with onnxruntime. */
export interface ProvenGraph extends RandomGraph {
  readonly name: string;
  readonly requests: readonly (readonly PlainTensor[])[];
  /** The answers of onnxruntime to each request alone. */
  readonly alone: readonly (readonly PlainTensor[])[];
}

/** Draws per seed: a step may have no effect on any output, or produce numbers out of range. */
const MOST_TRIES = 60;
const CALLERS = 16;

/** Tolerance of rounding: products are summed in another order when there are more rows. */
export function roundingOf({ body }: Pick<RandomGraph, 'body'>): Allowance {
  return (datatype, _right, largest) => {
    if (!datatype.startsWith('FP')) return 0;
    if (body === 'FP16' || datatype === 'FP16') return 2e-2 * Math.max(largest, 0.1);
    return 1e-4 * Math.max(largest, 0.01);
  };
}

/** A dishonest graph must differ by more than rounding could explain. */
function noticeable(graph: RandomGraph): Allowance {
  const rounding = roundingOf(graph);
  return (...facts) => 10 * rounding(...facts);
}

/**
 * The graph of a seed: the first of its draws that computes finite numbers and, merged by onnxruntime itself, is right
 * (honest) or wrong (dishonest). An honest graph also gives some rows different answers. Throws for a wrong honest graph, which is a bug of the generator.
 */
export async function provenGraph(seed: string, isHonest: boolean): Promise<ProvenGraph> {
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const random = seededRandom(`${seed}/${attempt}`);
    const graph = randomGraph(random.fork('graph'), isHonest);
    const requests = randomRequests(graph, random.fork('requests'), CALLERS);
    const model = await LoneModel.load(graph.bytes).catch((caught: unknown) => {
      throw new Error(`seed ${seed}, ${graph.steps.join(', ')}: ${String(caught)}`);
    });
    try {
      const alone: PlainTensor[][] = [];
      for (const request of requests) alone.push(await model.run(request));
      if (!alone.flat().every(hasFiniteNumbers)) continue;
      const allowance = isHonest ? roundingOf(graph) : noticeable(graph);
      const wrong = await wrongWhenMerged(model, requests, alone, allowance);
      if (isHonest && wrong !== undefined) {
        throw new Error(`seed ${seed}, ${graph.steps.join(', ')}: honest by construction, but ${wrong}`);
      }
      if (isHonest ? giveDifferentAnswers(requests, alone) : wrong !== undefined)
        return { ...graph, name: seed, requests, alone };
    } finally {
      await model.end();
    }
  }
  throw new Error(`seed ${seed}: ${MOST_TRIES} draws, and none of use`);
}

/** Runs requests that could share a batch together; returns how the answers differ from those alone. */
async function wrongWhenMerged(
  model: LoneModel,
  requests: ProvenGraph['requests'],
  alone: ProvenGraph['alone'],
  allowance: Allowance,
): Promise<string | undefined> {
  const lanes = new Map<string, number[]>();
  for (const [index, request] of requests.entries()) {
    const lane = request.map(({ shape }) => shape.slice(1).join()).join(' ');
    lanes.set(lane, [...(lanes.get(lane) ?? []), index]);
  }
  for (const members of lanes.values()) {
    const merged = await model.run(merge(members.map((index) => requests[index] ?? [])));
    let start = 0;
    for (const index of members) {
      const rows = requests[index]?.[0]?.shape[0] ?? 0;
      const own = merged.map((output) => sliceRows(output, start, start + rows));
      const wrong = differenceOf(own, alone[index] ?? [], allowance);
      if (wrong !== undefined) return wrong;
      start += rows;
    }
  }
  return undefined;
}

function merge(requests: ProvenGraph['requests']): PlainTensor[] {
  return (requests[0] ?? []).map(({ name }, input) => {
    const parts = requests.map((request) => request[input] as PlainTensor);
    const { datatype, shape, data } = gatherRows(
      parts.map(({ bytes, ...tensor }) => ({ ...tensor, data: segmentsOf(bytes) })),
    );
    return { name, datatype, shape, bytes: flatten(data) };
  });
}

function hasFiniteNumbers(tensor: PlainTensor): boolean {
  return elementsOf(tensor).every((each) => typeof each !== 'number' || Number.isFinite(each));
}

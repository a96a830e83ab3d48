import type {
  OnnxAttribute,
  OnnxConstant,
  OnnxGraph,
  OnnxInitializer,
  OnnxNode,
  OnnxValue,
} from './onnx-writer.ts';

/** One operator; its first input is the output of the previous step, the others are its constants. */
export interface ChainStep {
  readonly opType: string;
  readonly constants?: readonly OnnxConstant[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A graph with one input, one output and no branches, which needs no names for intermediate values. */
export function chainGraph(
  name: string,
  input: OnnxValue,
  steps: readonly ChainStep[],
  output: OnnxValue,
): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxInitializer[] = [];
  let current = input.name;
  for (const [index, { opType, constants = [], attributes = {} }] of steps.entries()) {
    const own = constants.map((constant, position) => ({
      ...constant,
      name: `step-${index}-constant-${position}`,
    }));
    const result = index === steps.length - 1 ? output.name : `step-${index}`;
    initializers.push(...own);
    nodes.push({
      opType,
      inputs: [current, ...own.map((constant) => constant.name)],
      outputs: [result],
      attributes,
    });
    current = result;
  }
  return { name, inputs: [input], outputs: [output], nodes, initializers };
}

export const reluStep: ChainStep = { opType: 'Relu' };

export const softmaxStep: ChainStep = { opType: 'Softmax', attributes: { axis: { int: -1 } } };

/** -1 means the dimension that follows from the others. */
export function reshapeStep(shape: readonly number[]): ChainStep {
  return { opType: 'Reshape', constants: [integers(shape)] };
}

/** `weights` has one row per output. */
export function denseStep(weights: OnnxConstant, bias: OnnxConstant): ChainStep {
  return { opType: 'Gemm', constants: [weights, bias], attributes: { transB: { int: 1 } } };
}

/** `kernels` has the shape [outputs, inputs, height, width]. */
export function convolutionStep(
  kernels: OnnxConstant,
  bias: OnnxConstant,
  { stride, padding }: { readonly stride: number; readonly padding: number },
): ChainStep {
  return {
    opType: 'Conv',
    constants: [kernels, bias],
    attributes: {
      strides: { ints: [stride, stride] },
      pads: { ints: [padding, padding, padding, padding] },
    },
  };
}

export function integers(values: readonly number[]): OnnxConstant {
  return { shape: [values.length], values: BigInt64Array.from(values, BigInt) };
}

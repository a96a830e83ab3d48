import type { Random } from '../../../src/base/random.ts';
import { happens, oneOf, spread, wholeNumber } from './chance.ts';
import { CROSSING_STEPS } from './crossing-steps.ts';
import { type ElementType, GraphBuilder, LENGTH, ROWS, type Size, type Value } from './graph-builder.ts';
import { elementwise, type GraphStep, isFlat, lastSize } from './graph-step.ts';
import { HONEST_STEPS } from './honest-steps.ts';
import { ROW_TAKING_STEPS } from './row-taking-steps.ts';

/** A random model, with the properties that a test needs. */
export interface RandomGraph {
  readonly bytes: Uint8Array;
  readonly inputs: readonly GraphInput[];
  /** The datatype of the computation: FP16 is rounded at every step, whatever the output datatype. */
  readonly body: ElementType;
  /** Whether rows are independent by construction. */
  readonly isHonest: boolean;
  /** Names of the steps, for a report. */
  readonly steps: readonly string[];
  readonly operators: readonly string[];
}

export interface GraphInput {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Size[];
  /** Exclusive upper bound of ids, which start at 0; undefined for other numbers. */
  readonly idsBelow: number | undefined;
}

const WHOLE: readonly ElementType[] = [
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
];
const IN_TYPES: readonly ElementType[] = ['FP32', 'FP32', 'FP32', 'FP32', 'FP64', 'FP16', 'BOOL', ...WHOLE];
/** Only exact numbers are converted to integers: rounding errors would change the result by 1. */
const WHOLE_OUT: readonly ElementType[] = ['INT32', 'INT64', 'INT8', 'UINT8', 'BOOL'];
const BODY_TYPES: readonly ElementType[] = ['FP32', 'FP32', 'FP32', 'FP32', 'FP32', 'FP64', 'FP16'];
const VOCABULARY = 12;
/** Names of the row axis. */
const ROW_NAMES = ['batch', 'N', 'batch_size', 'DynamicDimension.0', 'rows'];

/** Deterministic for a given random source. */
export function randomGraph(random: Random, isHonest: boolean): RandomGraph {
  const graph = new GraphBuilder();
  const steps: string[] = [];
  const body = oneOf(random, BODY_TYPES);
  const rowsName = oneOf(random, ROW_NAMES);
  const inputs: GraphInput[] = [];
  let value = entrance(graph, random, { body, rowsName, inputs });
  if (happens(random, 0.3)) {
    const other = entrance(graph, random, { body, rowsName, inputs });
    value = join(graph, random, flat(graph, value), flat(graph, other));
    steps.push('two inputs');
  }

  const count = wholeNumber(random, 1, 5);
  const crossesAt = isHonest ? -1 : wholeNumber(random, 0, count - 1);
  const seen = [value];
  for (let index = 0; index < count; index++) {
    const step = chooseStep(random, index === crossesAt ? CROSSING_STEPS : HONEST_STEPS, value);
    value = step.add(graph, value, random);
    steps.push(step.name);
    seen.push(value);
  }

  // Some remove rows at the end.
  if (!isHonest && happens(random, 0.1)) {
    const step = chooseStep(random, ROW_TAKING_STEPS, value);
    value = step.add(graph, value, random);
    steps.push(step.name);
  }
  exit(graph, random, 'first', value);
  if (happens(random, 0.3)) exit(graph, random, 'second', oneOf(random, seen));
  return { bytes: graph.write(), inputs, body, isHonest, steps, operators: graph.operators };
}

function chooseStep(random: Random, steps: readonly GraphStep[], value: Value): GraphStep {
  return oneOf(
    random,
    steps.filter((step) => step.fits(value)),
  );
}

interface Making {
  readonly body: ElementType;
  readonly rowsName: string;
  readonly inputs: GraphInput[];
}

/** An input of any datatype, cast to the datatype of the computation. */
function entrance(graph: GraphBuilder, random: Random, { body, rowsName, inputs }: Making): Value {
  const takesIds = happens(random, 0.2);
  const type = takesIds ? oneOf(random, ['INT64', 'INT32'] as const) : oneOf(random, IN_TYPES);
  const length = oneOf<Size>(random, [LENGTH, wholeNumber(random, 2, 4)]);
  const width = wholeNumber(random, 2, 6);
  const isLong = happens(random, 0.4);
  const shape: Size[] = takesIds ? [ROWS, length] : isLong ? [ROWS, length, width] : [ROWS, width];
  const name = `in${inputs.length + 1}`;
  inputs.push({ name, type, shape, idsBelow: takesIds ? VOCABULARY : undefined });
  // Two inputs have separate lengths.
  const dims = shape.map((size) =>
    size === ROWS ? rowsName : size === LENGTH ? `length${inputs.length}` : size,
  );
  const taken = graph.input({ name, type, shape, isExact: true }, dims);
  if (!takesIds) return graph.cast(taken, body);
  const table = graph.constant(body, [VOCABULARY, width], spread(random, VOCABULARY * width, 2));
  return graph.node('Gather', [table, taken], { type: body, shape: [ROWS, length, width], isExact: true });
}

/** Flattens a value to one vector per row. */
function flat(graph: GraphBuilder, value: Value): Value {
  if (isFlat(value)) return value;
  const keepdims = { int: 0 };
  const shape = [ROWS, lastSize(value)] as const;
  return graph.node('ReduceMax', [value], { ...value, shape }, { axes: { ints: [1] }, keepdims });
}

function join(graph: GraphBuilder, random: Random, one: Value, other: Value): Value {
  if (happens(random, 0.5)) {
    const shape = [ROWS, lastSize(one) + lastSize(other)] as const;
    const isExact = one.isExact && other.isExact;
    return graph.node('Concat', [one, other], { ...one, shape, isExact }, { axis: { int: 1 } });
  }
  const shape = [ROWS, 1] as const;
  const attributes = { axes: { ints: [1] }, keepdims: { int: 1 } };
  const size = graph.node('ReduceMax', [other], { ...other, shape }, attributes);
  return elementwise(graph, oneOf(random, ['Add', 'Mul', 'Sub']), [one, size]);
}

/** An output of any datatype; its axes have names as exporters write them, or none. */
function exit(graph: GraphBuilder, random: Random, name: string, value: Value): void {
  const whole = value.isExact ? WHOLE_OUT : [];
  const type = oneOf<ElementType>(random, [value.type, value.type, value.type, 'FP32', 'FP64', ...whole]);
  const bounded = /^U?INT/.test(type) ? withinBounds(graph, value, type) : value;
  const first = oneOf(random, ['batch', 'N', 'out_0', '', 'Softmaxfirst_dim_0']);
  const dims = value.shape.map((size, axis) => {
    if (axis === 0) return size === 1 ? oneOf(random, [1, '']) : first;
    return typeof size === 'number' ? size : oneOf(random, ['', `${name}_${axis}`]);
  });
  graph.output(name, graph.cast(bounded, type), dims);
}

/** The cast of a float outside of the integer range is undefined, and differs with the place in a batch. */
function withinBounds(graph: GraphBuilder, value: Value, type: ElementType): Value {
  const above = elementwise(graph, 'Max', [value, graph.scalar(value.type, type === 'UINT8' ? 0 : -100)]);
  return elementwise(graph, 'Min', [above, graph.scalar(value.type, 100)]);
}

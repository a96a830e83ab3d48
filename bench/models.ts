import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, seededRandom } from '../src/base/random.ts';
import {
  type ChainStep,
  chainGraph,
  convolutionStep,
  denseStep,
  integers,
  reluStep,
  reshapeStep,
} from '../tools/onnx-chain.ts';
import { type OnnxConstant, type OnnxGraph, writeOnnx } from '../tools/onnx-writer.ts';

interface Image {
  readonly channels: number;
  readonly side: number;
}

/** A 3 x 3 convolution: number of output channels, and stride. */
interface Convolution {
  readonly channels: number;
  readonly stride: number;
}

const kernelSide = 3;
const classes = 10;

/**
 * In each model, another part of a server is the bottleneck. The times are for one row on one thread of an AMD EPYC of
 * 2.6 GHz.
 */
const builders = {
  /** 0.01 ms: measures the work of the server itself. */
  trivial: () => graph([784], [firstColumn], 1),

  /** 0.01 ms, with as many numbers out as in. */
  echo: () => graph([784], [reluStep], 784),

  /** 0.9 ms, mostly to read 23 MB of weights for any number of rows: batching gains much. */
  dense: (random) =>
    graph(
      [784],
      [dense(784, 2048, random), reluStep, dense(2048, 2048, random), reluStep, dense(2048, classes, random)],
      classes,
    ),

  /** 25 ms of arithmetic on 256 bytes of input: only more processors gain, not batching. */
  slow: (random) => {
    const image = { channels: 1, side: 32 };
    const convolutions = Array.from({ length: 10 }, () => ({ channels: 128, stride: 1 }));
    return graph(
      [64],
      [dense(64, 32 * 32, random), asImage(image), ...classifier(image, convolutions, random)],
      classes,
    );
  },

  /** 25 ms on 5 MB of input: shows the cost of copying the input. */
  'large-input': (random) => {
    const image = { channels: 5, side: 512 };
    const convolutions = [
      { channels: 32, stride: 2 },
      { channels: 64, stride: 2 },
      { channels: 64, stride: 1 },
      { channels: 64, stride: 2 },
    ];
    return graph([5 * 512 * 512], [asImage(image), ...classifier(image, convolutions, random)], classes);
  },

  /** 1 ms, like many models in production: the work of the server is visible but does not dominate. */
  millisecond: (random) => {
    const image = { channels: 1, side: 28 };
    const convolutions = [
      { channels: 32, stride: 1 },
      { channels: 64, stride: 1 },
      { channels: 64, stride: 1 },
      { channels: 64, stride: 2 },
    ];
    return graph([784], [asImage(image), ...classifier(image, convolutions, random)], classes);
  },

  /** 2.5 ms on 150 528 numbers: as JSON, parsing them dominates. */
  'image-json': (random) => {
    const image = { channels: 3, side: 224 };
    const convolutions = [
      { channels: 32, stride: 2 },
      { channels: 64, stride: 2 },
      { channels: 128, stride: 2 },
    ];
    return graph([3, 224, 224], classifier(image, convolutions, random), classes);
  },
} satisfies Record<string, (random: Random) => OnnxGraph>;

export type BenchModelName = keyof typeof builders;

/** Writes `<directory>/<name>/1/model.onnx` for each name, with the same bytes every time. */
export function writeBenchModels(directory: string, names: readonly BenchModelName[]): void {
  for (const name of names) {
    const folder = join(directory, name, '1');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.onnx'), benchModel(name));
  }
}

/** The bytes of a model file. */
export function benchModel(name: BenchModelName): Uint8Array {
  return writeOnnx(builders[name](seededRandom(`bench/${name}`)));
}

/** A graph from `x`, rows of the given shape, to `y`, rows of `outputs` numbers. */
function graph(inputShape: readonly number[], steps: readonly ChainStep[], outputs: number): OnnxGraph {
  return chainGraph('bench', { name: 'x', datatype: 'FP32', dims: ['batch', ...inputShape] }, steps, {
    name: 'y',
    datatype: 'FP32',
    dims: ['batch', outputs],
  });
}

const firstColumn: ChainStep = {
  opType: 'Slice',
  constants: [integers([0]), integers([1]), integers([1])], // from, to, of which dim
};

function asImage({ channels, side }: Image): ChainStep {
  return reshapeStep([-1, channels, side, side]);
}

/** A sequence of convolutions, global average pooling, and a dense layer with one number per class. */
function classifier(
  image: Image,
  convolutions: readonly Convolution[],
  random: Random,
): readonly ChainStep[] {
  const steps: ChainStep[] = [];
  let channels = image.channels;
  for (const convolution of convolutions) {
    const kernels = randomWeights([convolution.channels, channels, kernelSide, kernelSide], random);
    steps.push(
      convolutionStep(kernels, zeros(convolution.channels), { stride: convolution.stride, padding: 1 }),
      reluStep,
    );
    channels = convolution.channels;
  }
  return [
    ...steps,
    { opType: 'GlobalAveragePool' },
    reshapeStep([-1, channels]),
    dense(channels, classes, random),
  ];
}

function dense(inputs: number, outputs: number, random: Random): ChainStep {
  return denseStep(randomWeights([outputs, inputs], random), zeros(outputs));
}

/** He's bound keeps the scale of signals constant; numbers near zero would be slow denormals. */
function randomWeights(shape: readonly [outputs: number, ...inputs: number[]], random: Random): OnnxConstant {
  const [outputs, ...inputDims] = shape;
  const inputs = inputDims.reduce((product, dim) => product * dim, 1);
  const bound = Math.sqrt(6 / inputs);
  const values = Float32Array.from({ length: outputs * inputs }, () => (2 * random.unit() - 1) * bound);
  return { shape, values };
}

function zeros(length: number): OnnxConstant {
  return { shape: [length], values: new Float32Array(length) };
}

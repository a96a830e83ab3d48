import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { seededRandom } from '../src/base/random.ts';
import { type ChainStep, chainGraph, convolutionStep, reluStep, reshapeStep } from './onnx-chain.ts';
import { DATATYPE_NUMBERS, writeOnnx } from './onnx-writer.ts';

const PATH = 'examples/embedded/models/features/model.onnx';
const SIDE = 224;
const CHANNELS = 32;
const LAYERS = 13;

/**
 * Writes the model of the examples of web applications: a convolutional network without training, that costs what a small
 * model of images costs. Run it from the root of the repository. It always writes the same file.
 */
function main(): void {
  const random = seededRandom('features');
  const layer = (inputs: number): ChainStep[] => {
    const scale = Math.sqrt(6 / (9 * inputs));
    const weights = Float32Array.from(
      { length: CHANNELS * inputs * 9 },
      () => (2 * random.unit() - 1) * scale,
    );
    const kernels = { shape: [CHANNELS, inputs, 3, 3], values: weights };
    const bias = { shape: [CHANNELS], values: new Float32Array(CHANNELS) };
    return [convolutionStep(kernels, bias, { stride: 1, padding: 1 }), reluStep];
  };
  const layers = Array.from({ length: LAYERS }, (_, index) => layer(index === 0 ? 3 : CHANNELS)).flat();
  const pixels: ChainStep[] = [
    { opType: 'Cast', attributes: { to: { int: DATATYPE_NUMBERS.FP32 } } },
    { opType: 'Div', constants: [{ shape: [1], values: Float32Array.of(255) }] },
  ];
  const graph = chainGraph(
    'features',
    { name: 'image', datatype: 'UINT8', dims: ['batch', 3, SIDE, SIDE] },
    [...pixels, ...layers, { opType: 'GlobalAveragePool' }, reshapeStep([-1, CHANNELS])],
    { name: 'features', datatype: 'FP32', dims: ['batch', CHANNELS] },
  );
  mkdirSync(dirname(PATH), { recursive: true });
  writeFileSync(PATH, writeOnnx(graph));
}

main();

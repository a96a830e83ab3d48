import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PNG } from 'pngjs';
import { type Random, seededRandom } from '../src/base/random.ts';
import {
  brightnesses,
  type Digit,
  encodeDigits,
  imagePixels,
  imageSide,
  labels,
  readDigits,
} from './digits/dataset.ts';
import { guess } from './digits/guess.ts';
import type { Layer } from './digits/layer.ts';
import { convolutionalNet, denseNet } from './digits/nets.ts';
import { type TrainingPlan, train } from './digits/train.ts';
import { chainGraph, softmaxStep } from './onnx-chain.ts';
import { writeOnnx } from './onnx-writer.ts';

interface Version {
  readonly path: string;
  readonly build: (random: Random) => readonly Layer[];
  readonly plan: TrainingPlan;
}

const versions: readonly Version[] = [
  {
    path: 'examples/models/digits/1/model.onnx',
    build: denseNet,
    plan: { epochs: 60, batchSize: 32, firstLearningRate: 0.002 },
  },
  {
    path: 'examples/models/digits/2/model.onnx',
    build: convolutionalNet,
    plan: { epochs: 20, batchSize: 32, firstLearningRate: 0.003 },
  },
];

/**
 * Trains both versions of the example model `digits`, and writes them and example digits. Run it from the root of the
 * repository. The same seed gives the same files, so that the files in the repository can be verified.
 */
async function main(): Promise<void> {
  const random = seededRandom('digits');
  const { training, heldOut } = readDigits(200, random.fork('split'));
  write('test/e2e/held-out-digits.bin', encodeDigits(heldOut));

  for (const version of versions) {
    const startedAt = performance.now();
    const layers = version.build(random.fork(`${version.path}/weights`));
    train(layers, training, version.plan, random.fork(`${version.path}/training`));
    const seconds = Math.round((performance.now() - startedAt) / 1000);

    const model = onnxModel(layers);
    write(version.path, model);
    const guesses = await guess(model, heldOut);
    const right = heldOut.filter(({ label }, index) => guesses[index] === label).length;
    console.log(
      `${version.path}: ${right} of ${heldOut.length} held-out digits right, trained in ${seconds} s`,
    );
  }

  const seven = heldOut.find(({ label }) => label === 7);
  if (seven === undefined) throw new Error('the held-out digits contain no 7');
  write('examples/digit.json', `${JSON.stringify(requestBody(seven))}\n`);
  write('examples/digit.png', greyPng(seven));
}

function onnxModel(layers: readonly Layer[]): Uint8Array {
  return writeOnnx(
    chainGraph(
      'digits',
      { name: 'image', datatype: 'FP32', dims: ['batch', imagePixels] },
      [...layers.flatMap((layer) => layer.toOnnx()), softmaxStep],
      { name: 'probabilities', datatype: 'FP32', dims: ['batch', labels] },
    ),
  );
}

/** A request of the Open Inference Protocol. */
function requestBody(digit: Digit): object {
  const data = Array.from(brightnesses(digit), (brightness) => Number(brightness.toFixed(3)));
  return { inputs: [{ name: 'image', shape: [1, imagePixels], datatype: 'FP32', data }] };
}

function greyPng({ pixels }: Digit): Uint8Array {
  const colorType = 0; // grey
  const png = new PNG({ width: imageSide, height: imageSide, colorType, inputColorType: colorType });
  png.data = Buffer.from(pixels);
  return PNG.sync.write(png, { colorType, inputColorType: colorType });
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

await main();

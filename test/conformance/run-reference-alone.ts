import { LoneModel } from '../support/onnx/run-alone.ts';
import { differenceOf } from '../support/same-tensors.ts';
import { readCases } from './reference-cases.ts';

/** Runs one case in onnxruntime-node without Galley; prints its problem. */
const [folder = '', name = ''] = process.argv.slice(2);
const found = readCases(folder).cases.find((it) => it.name === name);
if (found === undefined) throw new Error(`there is no case '${name}'`);

async function problem({ bytes, sets, allowance }: NonNullable<typeof found>): Promise<string | undefined> {
  try {
    const model = await LoneModel.load(bytes);
    for (const { inputs, outputs } of sets) {
      const difference = differenceOf(await model.run(inputs), outputs, allowance);
      if (difference !== undefined) return difference;
    }
    return undefined;
  } catch (caught) {
    return String(caught);
  }
}

const wrong = await problem(found);
if (wrong !== undefined) console.log(wrong.split('\n')[0]);
process.exitCode = wrong === undefined ? 0 : 1;

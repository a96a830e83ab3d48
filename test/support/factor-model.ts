import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainGraph, denseStep } from '../../tools/onnx-chain.ts';
import { writeOnnx } from '../../tools/onnx-writer.ts';

const HIDDEN = 512;

/** An ONNX model of some KB that answers `y = factor * x`. */
export function factorModel(factor: number): Uint8Array {
  const first = { shape: [HIDDEN, 1], values: new Float32Array(HIDDEN).fill(1) };
  const second = { shape: [1, HIDDEN], values: new Float32Array(HIDDEN).fill(factor / HIDDEN) };
  const none = (length: number) => ({ shape: [length], values: new Float32Array(length) });
  return writeOnnx(
    chainGraph(
      'factor',
      { name: 'x', datatype: 'FP32', dims: ['batch', 1] },
      [denseStep(first, none(HIDDEN)), denseStep(second, none(1))],
      { name: 'y', datatype: 'FP32', dims: ['batch', 1] },
    ),
  );
}

/** Puts a version into the folder of a model at once, as an operator should. */
export function placeVersion(model: string, version: number, factor: number): void {
  const folder = join(model, String(version));
  const beside = join(model, `.new-${version}`);
  mkdirSync(beside, { recursive: true });
  writeFileSync(join(beside, 'model.onnx'), factorModel(factor));
  rmSync(folder, { recursive: true, force: true });
  renameSync(beside, folder);
}

/** What answered a request, and with which factor. */
export interface FactorAnswer {
  readonly status: number;
  readonly version: string | undefined;
  readonly factor: number | undefined;
  readonly text: string;
}

/** Asks a factor model for the answer to 1. */
export async function askFactor(url: string, model = 'm'): Promise<FactorAnswer> {
  const response = await fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    body: '{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}',
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  const body = JSON.parse(text) as { model_version?: string; outputs?: { data: number[] }[] };
  const value = body.outputs?.[0]?.data[0];
  return {
    ...{ status: response.status, text, version: body.model_version },
    factor: value === undefined ? undefined : Math.round(value * 1_000) / 1_000,
  };
}

/** Clients that ask one request after the other until they are stopped. */
export class FactorClients {
  readonly answers: FactorAnswer[] = [];
  #isOver = false;
  readonly #clients: readonly Promise<void>[];

  constructor(url: string, count = 2) {
    this.#clients = Array.from({ length: count }, async () => {
      while (!this.#isOver) this.answers.push(await askFactor(url));
    });
  }

  /** Ends the load and returns all answers. */
  async stop(): Promise<readonly FactorAnswer[]> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return this.answers;
  }
}
